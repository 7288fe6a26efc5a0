//! The OpenAPI document, generated from the handlers.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

/// Frame of the document; the router adds paths and schemas.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "CDS",
        description = "Continuous Delivery Service. Everything the product does goes through this API; see docs/api-design.md.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Common)
)]
pub struct Document;

/// What every operation has: bearer security and error answers.
pub struct Common;

impl Modify for Common {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        openapi.components.get_or_insert_with(Default::default).add_security_scheme("bearer", scheme);
    }
}

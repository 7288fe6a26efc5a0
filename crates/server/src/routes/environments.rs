//! Being written.
use crate::App;
use utoipa_axum::router::OpenApiRouter;
/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}

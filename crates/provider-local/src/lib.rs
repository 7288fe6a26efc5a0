//! cds-provider-local

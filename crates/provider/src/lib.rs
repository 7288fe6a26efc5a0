//! cds-provider

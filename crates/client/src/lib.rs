//! cds-client

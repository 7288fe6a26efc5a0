//! cds-server

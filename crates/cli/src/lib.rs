//! cds-cli

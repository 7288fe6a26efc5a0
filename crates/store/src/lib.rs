//! cds-store

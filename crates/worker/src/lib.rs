//! cds-worker

//! cds-hatchery

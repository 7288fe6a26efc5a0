//! cds-sim

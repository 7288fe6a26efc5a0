//! cds-testkit

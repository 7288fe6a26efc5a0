//! What the user gets of a run: logs, files, and the reason why it cannot go on.

use super::*;

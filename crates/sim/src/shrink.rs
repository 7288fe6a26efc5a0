//! Makes a failing history smaller: fewer kinds of faults, fewer faults, fewer runs, less time.

use crate::{Config, Failure, run_seed};

/// Smaller and smaller worlds in which the same promise is broken; the last one comes with its trace.
pub fn shrink(failure: &Failure) -> Box<Failure> {
    let mut best = failure.config.clone();
    let kind = class(&failure.what);
    let fails = |config: &Config| match run_seed(failure.seed, config.clone()) {
        Err(f) if class(&f.what) == kind => Some(f),
        _ => None,
    };
    for fault in failure.config.faults.iter() {
        let config = Config { faults: best.faults.without(fault), ..best.clone() };
        if fails(&config).is_some() {
            best = config;
        }
    }
    for servers in 1..best.servers {
        let config = Config { servers, ..best.clone() };
        if fails(&config).is_some() {
            best = config;
            break;
        }
    }
    for runs in 1..best.runs {
        let config = Config { runs, ..best.clone() };
        if fails(&config).is_some() {
            best = config;
            break;
        }
    }
    // The first faults that suffice: halved until that does not help any more.
    let (mut low, mut high) = (0, 4096);
    while low < high {
        let middle = (low + high) / 2;
        if fails(&Config { most_faults: middle, ..best.clone() }).is_some() {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let config = Config { most_faults: high, ..best.clone() };
    if fails(&config).is_some() {
        best = config;
    }
    match run_seed(failure.seed, Config { trace: true, ..best }) {
        Err(smallest) => smallest,
        Ok(_) => Box::new(failure.clone()),
    }
}

/// What is broken, without what differs from one history to the next.
fn class(what: &str) -> String {
    let words = what.split([':', ',', '(']).next().unwrap_or(what);
    words.split(' ').filter(|w| !w.contains(|c: char| c.is_ascii_digit())).collect::<Vec<_>>().join(" ")
}

//! The first line of a script: what it is for.

/// The interpreter a script asks for, and the script without its first line.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// What runs it.
    pub program: &'a str,
    /// Words between that and the file.
    pub options: Vec<&'a str>,
    /// What is written into the file.
    pub text: &'a str,
}

/// Reads it. Without one a script is for `sh -e`.
pub fn parse(script: &str) -> Parsed<'_> {
    let Some(rest) = script.strip_prefix("#!") else {
        return Parsed { program: "/bin/sh", options: vec!["-e"], text: script };
    };
    let (line, text) = rest.split_once('\n').unwrap_or((rest, ""));
    // The reference splits at each single blank, so that two in a row make an empty option; a blank behind `#!`
    // alone is taken as what it is meant to be.
    let mut words = line.trim().split(' ');
    let program = words.next().filter(|p| !p.is_empty()).unwrap_or("/bin/sh");
    let mut options: Vec<&str> = words.collect();
    if options.is_empty() && ["sh", "bash", "ksh", "zsh"].iter().any(|shell| program.ends_with(shell)) {
        options.push("-e");
    }
    Parsed { program, options, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, program: &str, options: &[&str], text: &str) {
        assert_eq!(parse(script), Parsed { program, options: options.to_vec(), text });
    }

    #[test]
    fn interpreters() {
        check("echo", "/bin/sh", &["-e"], "echo");
        check("#!/bin/bash\necho", "/bin/bash", &["-e"], "echo");
        check("#!/bin/bash -x\necho", "/bin/bash", &["-x"], "echo");
        check("#!/bin/bash \r\necho", "/bin/bash", &["-e"], "echo");
        check("#!/usr/bin/env bash\necho", "/usr/bin/env", &["bash"], "echo");
        check("#!/usr/bin/python3 -u -B\nx\ny", "/usr/bin/python3", &["-u", "-B"], "x\ny");
        check("#!/usr/bin/perl\nx", "/usr/bin/perl", &[], "x");
        check("#!zsh", "zsh", &["-e"], "");
        check("\n#!/bin/bash\n", "/bin/sh", &["-e"], "\n#!/bin/bash\n");
        check("", "/bin/sh", &["-e"], "");
    }
}

//! The folder of the built UI must exist for cargo to notice when it changes; it may be empty.

fn main() {
    let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/dist");
    // A checkout that can't be written to has no build of the UI either.
    let _ = std::fs::create_dir_all(dist);
    println!("cargo:rerun-if-changed={dist}");
    println!("cargo:rerun-if-changed=build.rs");
}

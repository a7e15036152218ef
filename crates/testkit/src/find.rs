//! Where outside data and programs lie, and what is said when they are not there.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The root of the workspace that this crate was built in.
#[must_use]
pub fn workspace() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).expect("the crate lies two folders below the root of the workspace")
}

/// A path below `testdata/` of the workspace: fixtures written for promd.
#[must_use]
pub fn testdata(relative: &str) -> PathBuf {
    workspace().join("testdata").join(relative)
}

/// The folder of conformance data called `part`, or `None` after saying that its tests are left out.
///
/// # Panics
///
/// If the data is absent while `PROMD_REQUIRE` lists `conformance`.
#[must_use]
pub fn conformance(part: &str) -> Option<PathBuf> {
    let root = match env::var_os("PROMD_CONFORMANCE") {
        Some(path) => workspace().join(path),
        None => workspace().join("../shared/conformance"),
    };
    present(root.join(part), "conformance", &format!("conformance data `{part}` (PROMD_CONFORMANCE names its root)"))
}

/// The real program called `name`, or `None` after saying that its comparison is left out.
///
/// `PROMD_PEER_<NAME>` (upper case, `-` as `_`) names a binary; otherwise it is looked for where
/// `cargo xtask peers` puts it, or in `PROMD_PEERS`.
///
/// # Panics
///
/// If the program is absent while `PROMD_REQUIRE` lists `peers`.
#[must_use]
pub fn peer(name: &str) -> Option<PathBuf> {
    let variable = format!("PROMD_PEER_{}", name.to_uppercase().replace('-', "_"));
    let path = match (env::var_os(&variable), env::var_os("PROMD_PEERS")) {
        (Some(binary), _) => PathBuf::from(binary),
        (None, Some(folder)) => workspace().join(folder).join("bin").join(name),
        (None, None) => workspace().join("target/peers/bin").join(name),
    };
    present(path, "peers", &format!("the program `{name}` (run `cargo xtask peers`, or set {variable})"))
}

fn present(path: PathBuf, kind: &str, what: &str) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    let required = env::var("PROMD_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|entry| entry.trim() == kind), "{what} is required and not at {}", path.display());
    // Not `eprintln!`: the test harness swallows what a passing test prints through the macros.
    let line = format!("left out: {what} is not at {}\n", path.display());
    io::stderr().write_all(line.as_bytes()).ok();
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_root_holds_the_manifest() {
        assert!(workspace().join("Cargo.toml").is_file());
    }

    #[test]
    fn an_absent_part_is_none() {
        assert_eq!(present(workspace().join("no/such/folder"), "nothing", "a test of the message"), None);
    }
}

//! Directories that stay.

use std::path::Path;

use promd_fs::{Fs, Result};

/// Makes a directory and those above it that are missing, each of them safe in the one that holds it.
pub(crate) fn create_durably(fs: &dyn Fs, dir: &Path) -> Result<()> {
    let mut missing = Vec::new();
    for ancestor in dir.ancestors().filter(|ancestor| !ancestor.as_os_str().is_empty()) {
        if fs.exists(ancestor)? {
            break;
        }
        missing.push(ancestor);
    }
    fs.create_dir_all(dir)?;
    for made in missing.iter().skip(1).rev() {
        fs.sync_dir(parent(made))?;
    }
    // Also if it was there: whoever made it may have been killed before it was safe.
    fs.sync_dir(parent(dir))
}

fn parent(dir: &Path) -> &Path {
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

//! Directories that stay.

use std::path::Path;

use promd_fs::{Fs, Result};

/// Makes a directory and those above it that are missing, so that a power loss takes none of them.
pub(crate) fn create_durably(fs: &dyn Fs, dir: &Path) -> Result<()> {
    let mut missing = Vec::new();
    for dir in dir.ancestors().filter(|dir| !dir.as_os_str().is_empty()) {
        if fs.exists(dir)? {
            break;
        }
        missing.push(dir);
    }
    fs.create_dir_all(dir)?;
    for dir in missing.iter().rev() {
        fs.sync_dir(dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

//! Paths of files, as Prometheus joins and cleans them.

use std::fmt;
use std::ops::Deref;

use crate::error::Error;
use crate::yaml::{Decoder, Node, Tree, Value};

/// The path of a file. When a configuration is read from a file, a relative one becomes relative to that file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePath(String);

impl FilePath {
    /// The path `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for FilePath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for FilePath {
    fn go_type() -> String {
        String::go_type()
    }

    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        self.0.decode(node, decoder)
    }

    fn tree(&self) -> Tree {
        self.0.tree()
    }

    fn join_paths(&mut self, directory: &str) {
        self.0 = join(directory, &self.0);
    }
}

/// `path` if it is absolute or empty; otherwise below `directory`.
pub(crate) fn join(directory: &str, path: &str) -> String {
    match path {
        "" => String::new(),
        path if path.starts_with('/') => path.to_owned(),
        path if directory.is_empty() => clean(path),
        path => clean(&format!("{directory}/{path}")),
    }
}

/// The shortest path that means the same without looking at files: Go's `path.Clean`.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}

/// The folder that a file lies in: Go's `filepath.Dir`.
pub(crate) fn parent(file: &str) -> String {
    clean(file.rsplit_once('/').map_or("", |(folder, _)| if folder.is_empty() { "/" } else { folder }))
}

/// Whether only the last part of the path holds a `*`.
pub(crate) fn is_glob_of_files(path: &str) -> bool {
    path.split_once('*').is_none_or(|(_, after)| !after.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values are those of Go's `path.Clean`, from its documentation.
    #[test]
    fn paths_are_cleaned() {
        for (path, expect) in [
            ("a/c", "a/c"),
            ("a//c", "a/c"),
            ("a/c/.", "a/c"),
            ("a/c/b/..", "a/c"),
            ("/../a/c", "/a/c"),
            ("/../a/b/../././/c", "/a/c"),
            ("", "."),
            ("../../x", "../../x"),
            ("a/../..", ".."),
        ] {
            assert_eq!(clean(path), expect, "{path}");
        }
        assert_eq!(join("conf", "../rules/*.yml"), "rules/*.yml");
        assert_eq!(join("conf", "/etc/x"), "/etc/x");
        assert_eq!(join("conf", ""), "");
        assert_eq!((parent("a/b.yml"), parent("b.yml"), parent("/b.yml")), ("a".into(), ".".into(), "/".into()));
    }

    #[test]
    fn globs_are_of_files() {
        assert!(is_glob_of_files("a/*.yml") && is_glob_of_files("a/b") && is_glob_of_files("a/x*y*"));
        assert!(!is_glob_of_files("my/*/rule"));
    }
}

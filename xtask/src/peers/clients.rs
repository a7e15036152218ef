//! Client libraries of other languages, which programs are watched by: each in a folder of its own, with an interpreter that
//! knows where it is.
//!
//! `python-client` is Python with `prometheus_client`, `node-client` is Node with `prom-client`. Each takes a second or two to
//! install, is given up on after two minutes, and fails the whole if it cannot be had.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::run::succeed;

/// The versions that are compared with.
const PYTHON: &str = "prometheus_client==0.26.0";
const NODE: &str = "prom-client@15.1.3";

/// Puts the libraries below `folder/clients`, and the interpreters into `folder/bin`.
pub(super) fn install(folder: &Path) -> Result<()> {
    let python = folder.join("clients/python");
    let node = folder.join("clients/node");
    let modules = node.join("node_modules");
    interpreter(folder, "python-client", &format!("PYTHONPATH='{}' exec python3 \"$@\"", python.display()), || {
        let mut pip = bounded("python3");
        let flags = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--upgrade"];
        pip.args(flags).arg("--target").arg(&python).arg(PYTHON);
        succeed(&mut pip).context("prometheus_client cannot be installed; it needs python3 with pip")
    })?;
    interpreter(folder, "node-client", &format!("NODE_PATH='{}' exec node \"$@\"", modules.display()), || {
        fs::create_dir_all(&node)?;
        let mut npm = bounded("npm");
        npm.args(["install", "--silent", "--no-fund", "--no-audit", "--no-save", "--ignore-scripts", "--prefix"]);
        npm.arg(&node).arg(NODE);
        succeed(&mut npm).context("prom-client cannot be installed; it needs node with npm")
    })
}

/// Installs a library and then writes the script that stands for its interpreter; what is written is installed.
fn interpreter(folder: &Path, name: &str, script: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let path = folder.join("bin").join(name);
    if path.exists() {
        return Ok(());
    }
    install()?;
    fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    println!("{} is installed", path.display());
    Ok(())
}

/// A command that is ended after two minutes.
fn bounded(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["120", program]);
    command
}

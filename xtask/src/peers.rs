//! `cargo xtask peers`: the real programs that promd is compared with, as unpacked Debian packages.
//!
//! Nothing is installed system-wide and no configuration of apt is changed. The address of the archive is taken from
//! this machine's own apt sources; only the packages named below are fetched, their signatures are checked by apt, and
//! they are unpacked into a folder. A program that is already installed can be used instead, without any of this:
//! `PROMD_PEER_PROMETHEUS=/usr/bin/prometheus` (and so on) is what the tests look at first.
//!
//! The client libraries of other languages are put beside them; see [`clients`].

mod clients;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::run::{output, root, succeed};

/// Prometheus 3.5 is in the unstable suite only.
const SUITE: &str = "sid";

/// Package, the binary in it, and what the tests call it.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("prometheus", "prometheus", "prometheus"),
    ("promtool", "promtool", "promtool"),
    ("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager"),
    ("prometheus-pushgateway", "prometheus-pushgateway", "pushgateway"),
    ("prometheus-node-exporter", "prometheus-node-exporter", "node_exporter"),
    ("prometheus-blackbox-exporter", "prometheus-blackbox-exporter", "blackbox_exporter"),
    ("victoria-metrics", "victoria-metrics", "victoria-metrics"),
    ("victoria-metrics", "vmagent", "vmagent"),
    ("victoria-metrics", "vmctl", "vmctl"),
];

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let folder = arguments.first().map_or_else(|| root().join("target/peers"), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let binaries = folder.join("bin");
    fs::create_dir_all(&binaries)?;
    clients::install(&folder)?;
    if PROGRAMS.iter().all(|(_, _, name)| binaries.join(name).exists()) {
        println!("the peers are in {}", binaries.display());
        return Ok(());
    }
    fetch(&folder)?;
    let unpacked = folder.join("root");
    fs::create_dir_all(&unpacked)?;
    for package in packages_in(&folder.join("apt"))? {
        succeed(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&unpacked))?;
    }
    for (package, binary, name) in PROGRAMS {
        let program = unpacked.join("usr/bin").join(binary);
        ensure!(program.is_file(), "the package {package} holds no {}", program.display());
        let link = binaries.join(name);
        fs::remove_file(&link).ok();
        symlink(&program, &link).with_context(|| format!("cannot link {}", link.display()))?;
    }
    let version = output(Command::new(binaries.join("prometheus")).arg("--version"))?;
    println!("{}\nthe peers are in {}", version.lines().next().unwrap_or_default(), binaries.display());
    Ok(())
}

/// Downloads the packages into `folder/apt`, with lists and cache of their own.
fn fetch(folder: &Path) -> Result<()> {
    let apt = folder.join("apt");
    for below in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.join(below))?;
    }
    let targets =
        output(Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]))?;
    let Some(archive) = targets.lines().find(|line| !line.contains("security")) else {
        bail!("this machine's apt knows no Debian archive; name installed programs by PROMD_PEER_<NAME> instead");
    };
    let sources = apt.join("sources.list");
    fs::write(&sources, format!("deb [signed-by={KEYRING}] {archive} {SUITE} main\n"))?;

    let mut options = vec!["-o".to_owned(), "APT::Sandbox::User=root".to_owned()];
    for (name, path) in [
        ("Dir::Etc::sourcelist", sources.as_path()),
        ("Dir::Etc::sourceparts", Path::new("/dev/null")),
        ("Dir::Etc::preferences", Path::new("/dev/null")),
        ("Dir::Etc::preferencesparts", Path::new("/dev/null")),
        ("Dir::State::lists", &apt.join("lists")),
        ("Dir::Cache", &apt.join("cache")),
    ] {
        options.extend(["-o".to_owned(), format!("{name}={}", path.display())]);
    }
    succeed(Command::new("apt-get").args(&options).args(["update", "-qq"]))?;
    let mut packages: Vec<&str> = PROGRAMS.iter().map(|(package, ..)| *package).collect();
    packages.dedup();
    succeed(Command::new("apt-get").current_dir(&apt).args(&options).args(["download", "-qq"]).args(packages))
}

fn packages_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            found.push(path);
        }
    }
    ensure!(!found.is_empty(), "no package was downloaded into {}", folder.display());
    found.sort();
    Ok(found)
}

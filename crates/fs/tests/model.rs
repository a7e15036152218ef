//! The simulated file system without faults behaves as the real one: random operations give the same results and the same
//! kinds of error on both.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_fs::{Access, Error, ErrorKind, File, Fs, OpenMode, RealFs, SimFs};
use proptest::prelude::*;

/// Files and directories share the names, so that every operation meets the wrong sort of thing, too.
const NAMES: [&str; 6] = ["a", "b", "a/x", "a/y", "b/x", "a/x/z"];

#[derive(Clone, Debug)]
enum Step {
    Open(usize, OpenMode),
    Append(usize, Vec<u8>),
    Rename(usize, usize),
    Link(usize, usize),
    RemoveFile(usize),
    RemoveDir(usize),
    RemoveAll(usize),
    CreateDir(usize),
    CreateAll(usize),
    List(usize),
    Stat(usize),
    SyncDir(usize),
    Lock(usize),
    Map(usize),
    ReadAll(usize, u64),
    WriteAtomically(usize, Vec<u8>),
    // Of the open handles.
    Read(usize, usize, u64),
    Write(usize, Vec<u8>, u64),
    SetLen(usize, u64),
    Preallocate(usize, u64),
    Sync(usize),
    Close(usize),
}

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let name = 0..NAMES.len();
    let two = (0..NAMES.len(), 0..NAMES.len());
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    let at = 0u64..80;
    let mode = prop::sample::select(vec![
        OpenMode::Read,
        OpenMode::Write,
        OpenMode::Create,
        OpenMode::CreateNew,
        OpenMode::Truncate,
    ]);
    let handle = 0..8usize;
    prop_oneof![
        6 => (name.clone(), mode).prop_map(|(n, m)| Open(n, m)),
        2 => (name.clone(), bytes.clone()).prop_map(|(n, b)| Append(n, b)),
        4 => two.clone().prop_map(|(a, b)| Rename(a, b)),
        2 => two.prop_map(|(a, b)| Link(a, b)),
        2 => name.clone().prop_map(RemoveFile),
        1 => name.clone().prop_map(RemoveDir),
        1 => name.clone().prop_map(RemoveAll),
        4 => name.clone().prop_map(CreateDir),
        1 => name.clone().prop_map(CreateAll),
        1 => name.clone().prop_map(List),
        1 => name.clone().prop_map(Stat),
        1 => name.clone().prop_map(SyncDir),
        1 => name.clone().prop_map(Lock),
        1 => name.clone().prop_map(Map),
        1 => (name.clone(), at.clone()).prop_map(|(n, cap)| ReadAll(n, cap)),
        1 => (name, bytes.clone()).prop_map(|(n, b)| WriteAtomically(n, b)),
        3 => (handle.clone(), 0..50usize, at.clone()).prop_map(|(h, n, at)| Read(h, n, at)),
        4 => (handle.clone(), bytes, at.clone()).prop_map(|(h, b, at)| Write(h, b, at)),
        1 => (handle.clone(), at.clone()).prop_map(|(h, len)| SetLen(h, len)),
        1 => (handle.clone(), at).prop_map(|(h, len)| Preallocate(h, len)),
        1 => handle.clone().prop_map(Sync),
        1 => handle.prop_map(Close),
    ]
}

/// A file system and the files that are open on it.
struct Subject {
    fs: Arc<dyn Fs>,
    root: PathBuf,
    open: Vec<Arc<dyn File>>,
}

impl Subject {
    fn path(&self, name: usize) -> PathBuf {
        self.root.join(NAMES[name])
    }

    fn handle(&self, n: usize) -> Option<&Arc<dyn File>> {
        self.open.get(n % self.open.len().max(1))
    }

    /// What an error says, without the directory that the test runs in.
    fn tell(&self, error: &Error) -> String {
        let below = |path: &Path| path.strip_prefix(&self.root).unwrap().to_path_buf();
        format!("{:?} {:?} {:?} {:?}", error.op(), below(error.path()), error.target().map(below), error.kind())
    }

    /// What an observer sees of a step.
    fn run(&mut self, step: &Step) -> String {
        self.try_step(step).unwrap_or_else(|error| self.tell(&error))
    }

    fn try_step(&mut self, step: &Step) -> Result<String, Error> {
        let fs = Arc::clone(&self.fs);
        let on_handle = |n: usize, run: &dyn Fn(&dyn File) -> Result<String, Error>| {
            self.handle(n).map_or(Ok("no handle".into()), |file| run(&**file))
        };
        match step {
            Step::Open(name, mode) => {
                let file = fs.open(&self.path(*name), *mode)?;
                self.open.push(file);
                Ok("opened".into())
            }
            Step::Append(name, bytes) => {
                let mut appender = fs.append(&self.path(*name))?;
                let at = appender.append(bytes)?;
                Ok(format!("appended {at}..{}", appender.end()))
            }
            Step::Rename(from, to) => fs.rename(&self.path(*from), &self.path(*to)).map(|()| "renamed".into()),
            Step::Link(from, to) => fs.hard_link(&self.path(*from), &self.path(*to)).map(|()| "linked".into()),
            Step::RemoveFile(name) => fs.remove_file(&self.path(*name)).map(|()| "removed".into()),
            Step::RemoveDir(name) => fs.remove_dir(&self.path(*name)).map(|()| "removed".into()),
            Step::RemoveAll(name) => fs.remove_dir_all(&self.path(*name)).map(|()| "removed".into()),
            Step::CreateDir(name) => fs.create_dir(&self.path(*name)).map(|()| "made".into()),
            Step::CreateAll(name) => fs.create_dir_all(&self.path(*name)).map(|()| "made".into()),
            Step::List(name) => Ok(format!("{:?}", fs.read_dir(&self.path(*name))?)),
            Step::Stat(name) => Ok(format!("{:?}", fs.metadata(&self.path(*name))?)),
            Step::SyncDir(name) => fs.sync_dir(&self.path(*name)).map(|()| "synced".into()),
            Step::Lock(name) => {
                let lock = fs.lock(&self.path(*name))?;
                let again = fs.lock(&self.path(*name)).unwrap_err();
                let seen = format!("existed {} again {}", lock.existed(), self.tell(&again));
                if *name % 2 == 0 {
                    lock.release()?;
                }
                Ok(seen)
            }
            Step::Map(name) => Ok(format!("{:?}", fs.map(&self.path(*name), Access::Random)?.bytes())),
            Step::ReadAll(name, cap) => Ok(format!("{:?}", fs.read_to_vec(&self.path(*name), *cap)?)),
            Step::WriteAtomically(name, bytes) => {
                fs.write_atomically(&self.path(*name), bytes).map(|()| "written".into())
            }
            Step::Read(n, len, at) => on_handle(*n, &|file| {
                let mut buffer = vec![0; *len];
                let read = file.read_at(&mut buffer, *at)?;
                Ok(format!("{:?} of {}", &buffer[..read], file.size()?))
            }),
            Step::Write(n, bytes, at) => on_handle(*n, &|file| Ok(format!("wrote {}", file.write_at(bytes, *at)?))),
            Step::SetLen(n, len) => on_handle(*n, &|file| file.set_len(*len).map(|()| "set".into())),
            Step::Preallocate(n, len) => on_handle(*n, &|file| Ok(format!("reserved {}", file.preallocate(*len)?))),
            Step::Sync(n) => {
                on_handle(*n, &|file| file.sync_data().and_then(|()| file.sync_all()).map(|()| "ok".into()))
            }
            Step::Close(n) => {
                if !self.open.is_empty() {
                    self.open.remove(n % self.open.len());
                }
                Ok("closed".into())
            }
        }
    }

    /// Everything that can be seen.
    fn everything(&self) -> Vec<String> {
        let mut seen = Vec::new();
        let mut queue = vec![self.root.clone()];
        while let Some(dir) = queue.pop() {
            for entry in self.fs.read_dir(&dir).unwrap() {
                let path = dir.join(&entry.name);
                let bytes = self.fs.read_to_vec(&path, 1000).map_err(|error| error.kind());
                seen.push(format!("{:?} {entry:?} {bytes:?}", path.strip_prefix(&self.root).unwrap()));
                if bytes == Err(ErrorKind::IsADirectory) {
                    queue.push(path);
                }
            }
        }
        seen
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_simulated_file_system_is_the_real_one_without_faults(steps in prop::collection::vec(step(), 1..40)) {
        // In memory where that is possible: what is compared is the same for every file system, and syncs are dear.
        let temporary = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let sim = SimFs::new(1);
        let mut real = Subject { fs: Arc::new(RealFs::new()), root: temporary.path().into(), open: Vec::new() };
        let mut simulated = Subject { fs: Arc::new(sim.clone()), root: "/".into(), open: Vec::new() };
        for (n, step) in steps.iter().enumerate() {
            let (expected, got) = (real.run(step), simulated.run(step));
            prop_assert_eq!(got, expected, "step {}: {:?}\n{}", n, step, sim.log());
        }
        prop_assert_eq!(simulated.everything(), real.everything());
        // A process that is killed loses nothing.
        let left = Subject { fs: Arc::new(sim.crash_process()), root: "/".into(), open: Vec::new() };
        prop_assert_eq!(left.everything(), real.everything());
    }
}

//! How large a file system is, and of what kind.

use std::fmt;

/// Sizes of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Space {
    /// All of it.
    pub total: u64,
    /// What nobody uses.
    pub free: u64,
    /// What this process may still use: `free` without the part reserved for the superuser.
    pub available: u64,
}

impl Space {
    /// Of a file system of these sizes.
    #[must_use]
    pub fn new(total: u64, free: u64, available: u64) -> Self {
        Self { total, free, available }
    }
}

/// The kind of a file system, by the number that Linux' `statfs` gives it (`include/uapi/linux/magic.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum FsKind {
    Ext4,
    Xfs,
    Btrfs,
    Zfs,
    F2fs,
    Bcachefs,
    Overlay,
    Tmpfs,
    Ramfs,
    Msdos,
    Exfat,
    Nfs,
    Smb,
    Cifs,
    Smb2,
    Ceph,
    Afs,
    Coda,
    Ncp,
    V9fs,
    Ocfs2,
    Gfs2,
    Lustre,
    Gpfs,
    Fuse,
    /// Any other, with its number.
    Other(u64),
}

/// Kind, number, name. The names are those that Prometheus logs (`util/runtime/statfs_default.go`), and in the same
/// style where it has none.
const KINDS: [(FsKind, u64, &str); 25] = [
    // Also ext2 and ext3.
    (FsKind::Ext4, 0xEF53, "EXT4_SUPER_MAGIC"),
    (FsKind::Xfs, 0x5846_5342, "XFS_SUPER_MAGIC"),
    (FsKind::Btrfs, 0x9123_683E, "BTRFS_SUPER_MAGIC"),
    (FsKind::Zfs, 0x2FC1_2FC1, "ZFS_SUPER_MAGIC"),
    (FsKind::F2fs, 0xF2F5_2010, "F2FS_SUPER_MAGIC"),
    (FsKind::Bcachefs, 0xCA45_1A4E, "BCACHEFS_SUPER_MAGIC"),
    (FsKind::Overlay, 0x794C_7630, "OVERLAYFS_SUPER_MAGIC"),
    (FsKind::Tmpfs, 0x0102_1994, "TMPFS_MAGIC"),
    (FsKind::Ramfs, 0x8584_58F6, "RAMFS_MAGIC"),
    (FsKind::Msdos, 0x4D44, "MSDOS_SUPER_MAGIC"),
    (FsKind::Exfat, 0x2011_BAB0, "EXFAT_SUPER_MAGIC"),
    (FsKind::Nfs, 0x6969, "NFS_SUPER_MAGIC"),
    (FsKind::Smb, 0x517B, "SMB_SUPER_MAGIC"),
    (FsKind::Cifs, 0xFF53_4D42, "CIFS_SUPER_MAGIC"),
    (FsKind::Smb2, 0xFE53_4D42, "SMB2_SUPER_MAGIC"),
    (FsKind::Ceph, 0x00C3_6400, "CEPH_SUPER_MAGIC"),
    (FsKind::Afs, 0x5346_414F, "AFS_SUPER_MAGIC"),
    (FsKind::Coda, 0x7375_7245, "CODA_SUPER_MAGIC"),
    (FsKind::Ncp, 0x564C, "NCP_SUPER_MAGIC"),
    (FsKind::V9fs, 0x0102_1997, "V9FS_MAGIC"),
    (FsKind::Ocfs2, 0x7461_636F, "OCFS2_SUPER_MAGIC"),
    (FsKind::Gfs2, 0x0116_1970, "GFS2_MAGIC"),
    (FsKind::Lustre, 0x0BD0_0BD0, "LUSTRE_SUPER_MAGIC"),
    (FsKind::Gpfs, 0x4750_4653, "GPFS_SUPER_MAGIC"),
    (FsKind::Fuse, 0x6573_5546, "FUSE_SUPER_MAGIC"),
];

impl FsKind {
    /// The kind that `statfs` calls by this number.
    #[must_use]
    pub fn from_magic(magic: u64) -> Self {
        KINDS.iter().find(|(_, number, _)| *number == magic).map_or(Self::Other(magic), |(kind, ..)| *kind)
    }

    /// Whether its bytes lie, or may lie, on another machine, or are shared with other machines.
    ///
    /// Locks, maps, renames and syncs on such file systems keep fewer promises than storage relies on; Prometheus does
    /// not support them. FUSE counts as one, since what is behind it cannot be seen.
    #[must_use]
    pub fn is_network(self) -> bool {
        matches!(
            self,
            Self::Nfs
                | Self::Smb
                | Self::Cifs
                | Self::Smb2
                | Self::Ceph
                | Self::Afs
                | Self::Coda
                | Self::Ncp
                | Self::V9fs
                | Self::Ocfs2
                | Self::Gfs2
                | Self::Lustre
                | Self::Gpfs
                | Self::Fuse
        )
    }

    /// Whether its bytes are gone after a restart of the machine.
    #[must_use]
    pub fn is_volatile(self) -> bool {
        matches!(self, Self::Tmpfs | Self::Ramfs)
    }
}

impl fmt::Display for FsKind {
    /// As Prometheus logs it: `NFS_SUPER_MAGIC`, or the number in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (KINDS.iter().find(|(kind, ..)| kind == self), self) {
            (Some((_, _, name)), _) => f.write_str(name),
            (None, Self::Other(magic)) => write!(f, "{magic:x}"),
            (None, kind) => write!(f, "{kind:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_prometheus() {
        // util/runtime/statfs_default.go
        assert_eq!(FsKind::from_magic(0x6969).to_string(), "NFS_SUPER_MAGIC");
        assert_eq!(FsKind::from_magic(0xEF53).to_string(), "EXT4_SUPER_MAGIC");
        assert_eq!(FsKind::from_magic(0x1234_abcd).to_string(), "1234abcd");
    }

    #[test]
    fn every_kind_is_in_the_table_once() {
        for (kind, magic, _) in KINDS {
            assert_eq!(FsKind::from_magic(magic), kind);
        }
    }

    #[test]
    fn what_is_shared_is_told_from_what_is_local() {
        assert!(FsKind::Nfs.is_network() && FsKind::Fuse.is_network());
        assert!(!FsKind::Ext4.is_network() && !FsKind::Other(1).is_network());
    }
}

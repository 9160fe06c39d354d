//! The system calls that write to a file system, as data: what each names, and what it needs. The numbers
//! are those of Linux on x86_64 (arch/x86/entry/syscalls/syscall_64.tbl).

/// What a call does to a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Opens a file; a write when it is made, or opened for writing.
    Open,
    /// Gives a new name: a directory, a link, a rename.
    Name,
    /// Takes a name away.
    Unname,
    /// Writes bytes.
    Bytes,
    /// Changes a size or reserves room.
    Size,
    /// Changes permission bits.
    Mode,
    /// Makes durable.
    Sync,
}

/// What an argument names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operand {
    Descriptor(usize),
    Path(usize),
    At(usize, usize),
    /// Any text, such as what a symbolic link holds.
    Text(usize),
}

/// One system call.
#[derive(Debug)]
pub(crate) struct Syscall {
    number: u64,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) operands: &'static [Operand],
    /// Which argument has open's flags.
    pub(crate) flags: u8,
    /// Which argument has a length that can be made shorter.
    pub(crate) length: Option<usize>,
}

const fn call(number: u64, name: &'static str, kind: Kind, operands: &'static [Operand]) -> Syscall {
    Syscall { number, name, kind, operands, flags: 0, length: None }
}

use Operand::{At, Descriptor, Path, Text};

static CALLS: &[Syscall] = &[
    Syscall { length: Some(2), ..call(1, "write", Kind::Bytes, &[Descriptor(0)]) },
    Syscall { flags: 1, ..call(2, "open", Kind::Open, &[Path(0)]) },
    Syscall { length: Some(2), ..call(18, "pwrite64", Kind::Bytes, &[Descriptor(0)]) },
    call(20, "writev", Kind::Bytes, &[Descriptor(0)]),
    call(74, "fsync", Kind::Sync, &[Descriptor(0)]),
    call(75, "fdatasync", Kind::Sync, &[Descriptor(0)]),
    call(76, "truncate", Kind::Size, &[Path(0)]),
    call(77, "ftruncate", Kind::Size, &[Descriptor(0)]),
    call(82, "rename", Kind::Name, &[Path(0), Path(1)]),
    call(83, "mkdir", Kind::Name, &[Path(0)]),
    call(84, "rmdir", Kind::Unname, &[Path(0)]),
    call(85, "creat", Kind::Name, &[Path(0)]),
    call(86, "link", Kind::Name, &[Path(0), Path(1)]),
    call(87, "unlink", Kind::Unname, &[Path(0)]),
    call(88, "symlink", Kind::Name, &[Text(0), Path(1)]),
    call(90, "chmod", Kind::Mode, &[Path(0)]),
    call(91, "fchmod", Kind::Mode, &[Descriptor(0)]),
    Syscall { flags: 2, ..call(257, "openat", Kind::Open, &[At(0, 1)]) },
    call(258, "mkdirat", Kind::Name, &[At(0, 1)]),
    call(263, "unlinkat", Kind::Unname, &[At(0, 1)]),
    call(264, "renameat", Kind::Name, &[At(0, 1), At(2, 3)]),
    call(265, "linkat", Kind::Name, &[At(0, 1), At(2, 3)]),
    call(266, "symlinkat", Kind::Name, &[Text(0), At(1, 2)]),
    call(268, "fchmodat", Kind::Mode, &[At(0, 1)]),
    call(285, "fallocate", Kind::Size, &[Descriptor(0)]),
    call(296, "pwritev", Kind::Bytes, &[Descriptor(0)]),
    call(306, "syncfs", Kind::Sync, &[Descriptor(0)]),
    call(316, "renameat2", Kind::Name, &[At(0, 1), At(2, 3)]),
    call(326, "copy_file_range", Kind::Bytes, &[Descriptor(2)]),
    call(452, "fchmodat2", Kind::Mode, &[At(0, 1)]),
];

impl Syscall {
    pub(crate) fn of(number: u64) -> Option<&'static Self> {
        CALLS.iter().find(|call| call.number == number)
    }

    /// Whether open's flags ask for more than reading: O_WRONLY, O_RDWR, O_CREAT, O_TRUNC.
    pub(crate) fn opens_for_writing(&self, flags: u64) -> bool {
        flags & (0o1 | 0o2 | 0o100 | 0o1000) != 0
    }
}

impl Kind {
    /// Whether a full disk refuses it.
    pub(crate) fn needs_room(self, text: &str) -> bool {
        match self {
            Self::Name | Self::Bytes | Self::Size => true,
            // Only what is made takes room.
            Self::Open => text.contains(crate::snapshot::TEMPORARY),
            Self::Unname | Self::Mode | Self::Sync => false,
        }
    }

    /// Whether a file system that is read-only refuses it.
    pub(crate) fn needs_write_access(self) -> bool {
        matches!(self, Self::Open | Self::Name | Self::Unname | Self::Mode | Self::Size)
    }
}

//! The registers of a stopped program: which system call it makes, with what, and what comes of it.

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::unistd::Pid;

/// Tells whether this machine's registers are known.
pub(crate) const SUPPORTED: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// The registers of Linux on x86_64 ([syscall(2)](https://man7.org/linux/man-pages/man2/syscall.2.html)).
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) struct Registers(nix::libc::user_regs_struct);

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
impl Registers {
    pub(crate) fn of(pid: Pid) -> Result<Self, String> {
        ptrace::getregs(pid).map(Self).map_err(|error| format!("cannot read registers: {error}"))
    }

    pub(crate) fn write(&self, pid: Pid) -> Result<(), String> {
        match ptrace::setregs(pid, self.0) {
            // Killed meanwhile.
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(error) => Err(format!("cannot write registers: {error}")),
        }
    }

    /// Whether the stop is at the beginning of a call: the kernel says ENOSYS until it has an answer.
    pub(crate) fn is_entry(&self) -> bool {
        self.0.rax.cast_signed() == -i64::from(Errno::ENOSYS as i32)
    }

    pub(crate) fn number(&self) -> u64 {
        self.0.orig_rax
    }

    pub(crate) fn argument(&self, at: usize) -> u64 {
        let all = [self.0.rdi, self.0.rsi, self.0.rdx, self.0.r10, self.0.r8, self.0.r9];
        all[at]
    }

    /// A call of no number is not made.
    pub(crate) fn skip(&mut self) {
        self.0.orig_rax = u64::MAX;
    }

    pub(crate) fn fail(&mut self, errno: Errno) {
        self.0.rax = (-i64::from(errno as i32)).cast_unsigned();
    }

    pub(crate) fn set_length(&mut self, length: u64) {
        self.0.rdx = length;
    }
}

/// Other machines: everything but the file writes can be disturbed there.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub(crate) struct Registers;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
impl Registers {
    pub(crate) fn of(_: Pid) -> Result<Self, String> {
        Err("file writes are disturbed on Linux on x86_64 alone".to_owned())
    }

    pub(crate) fn write(&self, _: Pid) -> Result<(), String> {
        Ok(())
    }

    pub(crate) fn is_entry(&self) -> bool {
        false
    }

    pub(crate) fn number(&self) -> u64 {
        0
    }

    pub(crate) fn argument(&self, _: usize) -> u64 {
        0
    }

    pub(crate) fn skip(&mut self) {}

    pub(crate) fn fail(&mut self, _: Errno) {}

    pub(crate) fn set_length(&mut self, _: u64) {}
}

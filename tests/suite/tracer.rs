//! A program under ptrace(2): stopped on entering and on leaving each system call of each of its
//! threads, in one order, and killed at any of them.
//!
//! Not strace: its `when=N` counts the calls of each thread for itself, so the threads that came
//! first take every low number, and a call of a later thread cannot be named.

use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// `op` of `PTRACE_GET_SYSCALL_INFO` at the entry of a call.
const ENTRY: u8 = 1;

/// One system call at which a thread stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Which thread.
    pub(crate) thread: i32,
    number: i64,
    /// Its arguments.
    pub(crate) args: [u64; 4],
    /// What it returned; `None` on entering.
    pub(crate) result: Option<i64>,
}

impl Call {
    /// Its name, or its number in angle brackets.
    pub(crate) fn name(&self) -> String {
        let known = NAMES.iter().chain(OLDER).find(|(number, _)| *number == self.number);
        known.map_or_else(|| format!("<{}>", self.number), |(_, name)| (*name).to_owned())
    }

    /// Whether it leaves a `connect` that goes to `port` over IPv4. The kernel's table is asked: the
    /// memory of a program that is not dumpable, where the address stands, is shown to root alone.
    pub(crate) fn connects_to(&self, port: u16) -> bool {
        /// Established, or asked for (`include/net/tcp_states.h`).
        const GOING: [&str; 2] = ["01", "02"];
        let remote = format!(":{port:04X}");
        let is_it = |line: &str| {
            let mut fields = line.split_whitespace().skip(2);
            let to = fields.next().is_some_and(|remote_of| remote_of.ends_with(&remote));
            to && fields.next().is_some_and(|state| GOING.contains(&state))
        };
        self.number == libc::SYS_connect
            && self.result.is_some()
            && std::fs::read_to_string("/proc/net/tcp").unwrap().lines().any(is_it)
    }
}

/// The program. Every call of this must come from the thread that started it.
pub(crate) struct Traced {
    leader: Pid,
    /// Who stands at the last call, and is let go by the next one.
    stopped: Option<Pid>,
    over: bool,
    /// Dropped at the end; until then it ends a program that makes no call for too long.
    _alarm: Sender<()>,
}

impl Traced {
    /// Starts `program` with the environment of `command`; it is killed when it has not ended
    /// within `limit`.
    #[expect(clippy::zombie_processes, reason = "it is waited for call by call, in `next`")]
    pub(crate) fn start(command: &mut Command, program: &Path, limit: Duration) -> Self {
        // traced before it is the program: what is not dumpable cannot be traced later
        command.args(["-c", "read -r _; exec \"$0\" </dev/null"]).arg(program);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let leader = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_EXITKILL;
        ptrace::seize(leader, options).unwrap();
        ptrace::interrupt(leader).unwrap();
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        Self { leader, stopped: None, over: false, _alarm: alarm(leader, limit) }
    }

    /// Lets the program go on to the next entry or exit of a call; `None` when it has ended.
    pub(crate) fn next(&mut self) -> Option<Call> {
        if let Some(thread) = self.stopped.take() {
            go(thread, None);
        }
        while !self.over {
            // the other children of this process are other tests'
            let status = waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD));
            match status.unwrap() {
                WaitStatus::PtraceSyscall(thread) => {
                    if let Some(call) = call(thread) {
                        self.stopped = Some(thread);
                        return Some(call);
                    }
                    go(thread, None);
                }
                WaitStatus::PtraceEvent(thread, ..) => go(thread, None),
                WaitStatus::Stopped(thread, signal) => go(thread, Some(signal)),
                WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..) => {
                    self.over |= thread == self.leader;
                }
                other => panic!("{other:?}"),
            }
        }
        None
    }

    /// Kills it where it stands: a call that was entered is not made.
    pub(crate) fn kill(mut self) {
        kill(self.leader, Signal::SIGKILL).unwrap();
        while self.next().is_some() {}
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // a test that fails in the middle leaves nothing that stands still for ever
        if !self.over {
            let _ = kill(self.leader, Signal::SIGKILL);
        }
    }
}

/// A killed thread cannot be let go, and needs not.
fn go(thread: Pid, signal: Option<Signal>) {
    let _ = ptrace::syscall(thread, signal);
}

/// The call at which `thread` stands; `None` when it was killed meanwhile.
fn call(thread: Pid) -> Option<Call> {
    let entering = ptrace::syscall_info(thread).ok()?.op == ENTRY;
    let (number, args, result) = registers(thread)?;
    let result = (!entering).then_some(result);
    Some(Call { thread: thread.as_raw(), number, args, result })
}

#[cfg(target_arch = "x86_64")]
fn registers(thread: Pid) -> Option<(i64, [u64; 4], i64)> {
    let all = ptrace::getregs(thread).ok()?;
    let args = [all.rdi, all.rsi, all.rdx, all.r10];
    Some((all.orig_rax.cast_signed(), args, all.rax.cast_signed()))
}

/// On leaving, the first register is the result.
#[cfg(target_arch = "aarch64")]
fn registers(thread: Pid) -> Option<(i64, [u64; 4], i64)> {
    let all = ptrace::getregs(thread).ok()?.regs;
    Some((all[8].cast_signed(), [all[0], all[1], all[2], all[3]], all[0].cast_signed()))
}

/// Ends `leader` unless what it returns is dropped within `limit`.
fn alarm(leader: Pid, limit: Duration) -> Sender<()> {
    let (alive, dropped) = channel();
    std::thread::spawn(move || {
        if dropped.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            let _ = kill(leader, Signal::SIGKILL);
        }
    });
    alive
}

macro_rules! names {
    ($list:ident, $($name:ident => $number:ident),* $(,)?) => {
        /// The calls that a daemon may make while it runs.
        const $list: &[(i64, &str)] = &[$((libc::$number, stringify!($name))),*];
    };
}

names! { NAMES,
    accept4 => SYS_accept4, bind => SYS_bind, brk => SYS_brk,
    clock_gettime => SYS_clock_gettime, clock_nanosleep => SYS_clock_nanosleep,
    clone => SYS_clone, clone3 => SYS_clone3, close => SYS_close, connect => SYS_connect,
    epoll_create1 => SYS_epoll_create1, epoll_ctl => SYS_epoll_ctl,
    epoll_pwait => SYS_epoll_pwait, eventfd2 => SYS_eventfd2, exit => SYS_exit,
    fallocate => SYS_fallocate, fcntl => SYS_fcntl, fdatasync => SYS_fdatasync,
    flock => SYS_flock, fstat => SYS_fstat, fsync => SYS_fsync, ftruncate => SYS_ftruncate,
    futex => SYS_futex, geteuid => SYS_geteuid, getdents64 => SYS_getdents64, getpeername => SYS_getpeername,
    getrandom => SYS_getrandom, getsockname => SYS_getsockname, getsockopt => SYS_getsockopt,
    gettid => SYS_gettid, ioctl => SYS_ioctl, lseek => SYS_lseek, madvise => SYS_madvise,
    mkdirat => SYS_mkdirat, mmap => SYS_mmap, mprotect => SYS_mprotect, mremap => SYS_mremap,
    munmap => SYS_munmap, newfstatat => SYS_newfstatat, openat => SYS_openat, ppoll => SYS_ppoll,
    prctl => SYS_prctl, pread64 => SYS_pread64, pwrite64 => SYS_pwrite64, read => SYS_read,
    readlinkat => SYS_readlinkat, recvfrom => SYS_recvfrom, recvmsg => SYS_recvmsg,
    renameat => SYS_renameat, renameat2 => SYS_renameat2, rseq => SYS_rseq,
    rt_sigaction => SYS_rt_sigaction, rt_sigprocmask => SYS_rt_sigprocmask,
    sched_getaffinity => SYS_sched_getaffinity, sched_yield => SYS_sched_yield,
    sendmmsg => SYS_sendmmsg, sendmsg => SYS_sendmsg, sendto => SYS_sendto,
    set_robust_list => SYS_set_robust_list, setsockopt => SYS_setsockopt,
    shutdown => SYS_shutdown, sigaltstack => SYS_sigaltstack, socket => SYS_socket,
    socketpair => SYS_socketpair, statx => SYS_statx, sync_file_range => SYS_sync_file_range,
    timerfd_settime => SYS_timerfd_settime, uname => SYS_uname, unlinkat => SYS_unlinkat,
    write => SYS_write, writev => SYS_writev,
}

#[cfg(target_arch = "x86_64")]
names! { OLDER,
    access => SYS_access, epoll_wait => SYS_epoll_wait, getcwd => SYS_getcwd, mkdir => SYS_mkdir,
    open => SYS_open, poll => SYS_poll, readlink => SYS_readlink, rename => SYS_rename,
    stat => SYS_stat, unlink => SYS_unlink,
}

/// Newer machines have none of them.
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[(i64, &str)] = &[];

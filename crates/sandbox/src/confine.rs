//! What a process gives up before it runs code: files, sockets, other processes, memory without end.
//!
//! Each part would do by itself for most of what code could try; an attacker has to get through all of them.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, getppid, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use rustix::thread::set_no_new_privs;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use crate::MEMORY_MAX;

type Error = Box<dyn std::error::Error>;

/// Address space beside what the program has at its start: the values of code, the texts of input and output, and what the
/// allocator does not give back.
const ADDRESS_SPACE: u64 = 4 * MEMORY_MAX as u64;
/// Seconds of CPU time that no code may pass.
const CPU_SECONDS: u64 = 40;
/// Memory that can be executed.
const EXECUTABLE: u64 = libc::PROT_EXEC as u64;

/// `prctl(2)`: names anonymous memory.
const PR_SET_VMA: u64 = libc::PR_SET_VMA as u64;
const PR_SET_VMA_ANON_NAME: u64 = 0;

/// Gives everything up but memory, standard input and standard output. `parent` is the process that started this one.
pub(crate) fn confine(parent: &str) -> Result<(), Error> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid().map(|pid| pid.as_raw_nonzero().to_string()).as_deref() != Some(parent) {
        return Err("the server has ended".into());
    }
    // Where memory is short, this process goes first. It may not be allowed, and then goes like any other.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    let filter = filter()?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    set_no_new_privs(true)?;
    limit()?;
    seccompiler::apply_filter(&filter)?;
    Ok(())
}

/// Bounds the CPU time that this process may take, in whole seconds. The kernel ends it then.
pub(crate) fn limit_cpu(seconds: u64) -> rustix::io::Result<()> {
    setrlimit(Resource::Cpu, Rlimit { current: Some(seconds.min(CPU_SECONDS)), maximum: Some(CPU_SECONDS) })
}

fn limit() -> Result<(), Error> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').next().unwrap_or_default().parse()?;
    let size = pages * rustix::param::page_size() as u64;
    let hard = |max| Rlimit { current: Some(max), maximum: Some(max) };
    limit_cpu(CPU_SECONDS)?;
    for (resource, max) in [
        (Resource::As, size + ADDRESS_SPACE),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
        (Resource::Nofile, 0),
        (Resource::Nproc, 0),
    ] {
        setrlimit(resource, hard(max))?;
    }
    Ok(())
}

/// Makes the filter of system calls: whatever is not in it kills the process.
fn filter() -> Result<BpfProgram, Error> {
    let is =
        |argument, value| SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, value);
    let only = |conditions| Ok::<_, Error>(vec![SeccompRule::new(conditions)?]);
    let not_executable = || {
        let mask = SeccompCmpOp::MaskedEq(EXECUTABLE);
        only(vec![SeccompCondition::new(2, SeccompCmpArgLen::Qword, mask, 0)?])
    };
    let anonymous = SeccompCmpOp::MaskedEq(libc::MAP_ANONYMOUS as u64);
    let mut rules = BTreeMap::from([
        (libc::SYS_read, only(vec![is(0, 0)?])?),
        (libc::SYS_write, only(vec![is(0, 1)?])?),
        (
            libc::SYS_mmap,
            only(vec![
                SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(EXECUTABLE), 0)?,
                SeccompCondition::new(3, SeccompCmpArgLen::Qword, anonymous, libc::MAP_ANONYMOUS as u64)?,
            ])?,
        ),
        (libc::SYS_mprotect, not_executable()?),
        // Only its own CPU time, which it can make less.
        (libc::SYS_prlimit64, only(vec![is(0, 0)?, is(1, u64::from(libc::RLIMIT_CPU))?])?),
        // The allocator gives its memory a name.
        (libc::SYS_prctl, only(vec![is(0, PR_SET_VMA)?, is(1, PR_SET_VMA_ANON_NAME)?])?),
    ]);
    let plain = [
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_yield,
        libc::SYS_sigaltstack,
    ];
    rules.extend(plain.map(|number| (number, Vec::new())));
    let target = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, target)?;
    Ok(filter.try_into()?)
}

//! CPU time and memory of a process, from `/proc`.

use std::fs;
use std::time::Duration;

/// Milliseconds of a clock tick in `/proc`: `USER_HZ` is 100 on every Linux that Debian runs on.
const TICK_MS: u64 = 10;

/// CPU time used so far, user and system.
pub(super) fn cpu(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // the name in parentheses may hold anything; fields are counted after it
    let (_, after) = stat.rsplit_once(") ").unwrap();
    let ticks = after.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * TICK_MS)
}

/// A line of `/proc/PID/status` in bytes, such as `VmHWM`.
pub(super) fn memory(pid: u32, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let kilobytes = value.unwrap().split_whitespace().next().unwrap();
    kilobytes.parse::<u64>().unwrap() * 1_024
}

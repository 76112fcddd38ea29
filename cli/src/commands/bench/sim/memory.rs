//! What the operating system counts of this process.

/// Bytes in memory now, and at most so far; nothing where the system does not tell.
pub(super) fn resident() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
    };
    Some((kib("VmRSS")? * 1024, kib("VmHWM")? * 1024))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn memory_that_is_used_is_seen() {
        let (before, _) = super::resident().expect("Linux tells");
        let held = vec![1u8; 64 << 20];
        let (after, most) = super::resident().expect("Linux tells");
        // Other tests of this process may give some back meanwhile.
        assert!(after >= before + (32 << 20) && most >= after, "{before} {after} {most}");
        assert_eq!(held.iter().map(|byte| u64::from(*byte)).sum::<u64>(), 64 << 20);
    }
}

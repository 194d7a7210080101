//! What the numbers were taken on.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine, the kernel and the file system of a directory, a line each.
pub(crate) fn describe(directory: &Path) -> Vec<String> {
    let system = rustix::system::uname();
    vec![
        format!(
            "Machine: {}, {} CPUs, {} GiB of memory, load {}",
            cpu(),
            std::thread::available_parallelism().map_or(0, usize::from),
            memory_bytes() >> 30,
            load(),
        ),
        format!(
            "Kernel: {} {}, {}, pages of {} bytes, transparent huge pages: {}",
            system.sysname().to_string_lossy(),
            system.release().to_string_lossy(),
            system.machine().to_string_lossy(),
            rustix::param::page_size(),
            huge_pages(),
        ),
        format!("File system: {}", file_system(directory).unwrap_or_else(|| "unknown".into())),
        format!("Date: {}", date()),
    ]
}

/// How much memory the machine has.
pub(crate) fn memory_bytes() -> u64 {
    let memory = rustix::system::sysinfo();
    memory.totalram as u64 * u64::from(memory.mem_unit)
}

/// How many threads wanted a CPU in the last minute, before this run.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

/// The day, in the Gregorian calendar.
fn date() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil(since.as_secs() / 86_400);
    format!("{year}-{month:02}-{day:02}")
}

/// Year, month and day of a number of days since 1970. Source: Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + 400 * era + u64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("unknown CPU", |(_, name)| name.trim()).to_owned()
}

/// The chosen word of `always [madvise] never`.
fn huge_pages() -> String {
    let modes =
        fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    let chosen = modes.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    chosen.map_or("unknown", |(mode, _)| mode).to_owned()
}

/// Type, device and options of the mount that the directory is in: that with the longest mount point.
fn file_system(directory: &Path) -> Option<String> {
    let directory = directory.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    // `36 35 98:0 /root /mount/point options optional… - type device super-options`
    let mount = mounts
        .lines()
        .filter_map(|line| {
            let (mount, system) = line.split_once(" - ")?;
            let mut mount = mount.split(' ').skip(4);
            let (point, options) = (mount.next()?, mount.next()?);
            let mut system = system.split(' ');
            let (kind, device) = (system.next()?, system.next()?);
            let description = format!("{kind} on {device} ({options})");
            directory.starts_with(point).then_some((point.len(), description))
        })
        // The last of equals: a mount hides those before it.
        .max_by_key(|(length, _)| *length)?;
    Some(mount.1)
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_since_1970_are_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (31, (1970, 2, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (19_722, (2023, 12, 31)),
            (20_780, (2026, 11, 23)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), date, "{days} days");
        }
    }
}

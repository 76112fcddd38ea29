//! Small files that survive a crash: JSON on the first line, its checksum on the second, replaced
//! as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// No file of this kind is larger.
const MAX_BYTES: u64 = 1 << 20;

/// What was found in a file.
#[derive(Debug, PartialEq)]
pub enum Loaded<T> {
    /// What had been saved.
    Value(T),
    /// There is no file.
    Missing,
    /// The content was damaged; the file was moved aside to this path for diagnosis.
    Quarantined(PathBuf),
}

/// Writes `value` so that a reader sees either the old content or the new, even after a crash.
///
/// # Errors
/// As the file system reports them; the old content is still there then.
pub fn save<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let json = serde_json::to_string(value)?;
    let temporary = path.with_added_extension("tmp");
    let mut file = File::create(&temporary)?;
    writeln!(file, "{json}\ncrc32 {:08x}", crc32(json.as_bytes()))?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    // The rename itself is durable once the folder is.
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Reads what [`save`] wrote. A damaged file is renamed to `*.corrupt` (fault 29).
///
/// # Errors
/// As the file system reports them.
pub fn load<T: DeserializeOwned>(path: &Path) -> io::Result<Loaded<T>> {
    let bytes = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Loaded::Missing),
        Err(error) => return Err(error),
        Ok(metadata) if metadata.len() > MAX_BYTES => Vec::new(),
        Ok(_) => fs::read(path)?,
    };
    if let Some(value) = parse(&bytes) {
        return Ok(Loaded::Value(value));
    }
    let aside = path.with_added_extension("corrupt");
    fs::rename(path, &aside)?;
    Ok(Loaded::Quarantined(aside))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (json, rest) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
    let checksum = rest.strip_suffix('\n')?.strip_prefix("crc32 ")?;
    if u32::from_str_radix(checksum, 16).ok()? != crc32(json.as_bytes()) {
        return None;
    }
    serde_json::from_str(json).ok()
}

/// CRC-32 as in IEEE 802.3; bit by bit, since the files are small.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let mask = (crc & 1).wrapping_neg();
            crc = (crc >> 1) ^ (0xEDB8_8320 & mask);
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_common_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn what_is_saved_is_loaded_and_every_damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert_eq!(load::<Vec<u32>>(&path).unwrap(), Loaded::Missing);
        save(&path, &vec![1_u32, 2, 3]).unwrap();
        let good = fs::read(&path).unwrap();
        assert_eq!(load::<Vec<u32>>(&path).unwrap(), Loaded::Value(vec![1, 2, 3]));
        let corrupt = folder.path().join("state.json.corrupt");
        for position in 0..good.len() {
            let mut bad = good.clone();
            bad[position] ^= 0x10;
            fs::write(&path, &bad).unwrap();
            let loaded = load::<Vec<u32>>(&path).unwrap();
            assert_eq!(loaded, Loaded::Quarantined(corrupt.clone()), "bit {position}");
            assert_eq!(fs::read(&corrupt).unwrap(), bad, "kept for diagnosis");
            assert!(!path.exists());
        }
        fs::write(&path, &good[..good.len() / 2]).unwrap();
        assert!(matches!(load::<Vec<u32>>(&path).unwrap(), Loaded::Quarantined(_)));
    }
}

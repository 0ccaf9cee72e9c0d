//! Writes the changed pages of a file to the disk in parts.

use std::{fs::File, io};

use memmap2::MmapRaw;

/// Number of parts into which a file is divided, whatever its size. Each part costs the disk a flush of its cache.
const PARTS: usize = 64;

/// Writes the changed pages of `file` to the disk, one part of the file after the other. A sync of the whole file would
/// send all pages to the disk at once, and commits at that time would wait for them. Pages that are appended during the
/// call may be left out.
///
/// # Errors
/// Also fails if `file` is not open for reading and writing, because a read-only mapping would sync nothing.
pub(super) fn write_back(file: &File) -> io::Result<()> {
    // The mapping is never accessed. It only lets `msync` sync a part of the file, which no other safe call can do.
    let map = MmapRaw::map_raw(file)?;
    let part = map.len().div_ceil(PARTS).max(1);
    for start in (0..map.len()).step_by(part) {
        map.flush_range(start, part.min(map.len() - start))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::*;

    #[test]
    fn file_of_any_size_is_written_back_and_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [0, 1, 4_096, 4_097, 1_000_000] {
            let path = folder.path().join("file");
            let content = vec![7; bytes];
            fs::write(&path, &content).unwrap();
            let mut file = File::options().read(true).write(true).open(&path).unwrap();
            file.write_all(&content).unwrap();
            write_back(&file).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }

    #[test]
    fn file_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "content").unwrap();
        assert!(write_back(&File::open(&path).unwrap()).is_err());
    }
}

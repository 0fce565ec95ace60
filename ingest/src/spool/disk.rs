//! What the spool needs of a disk, so that tests can give it one that fails and forgets.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A folder of files that only grow.
pub trait Disk: Debug + Send + Sync {
    /// The names of its files.
    fn names(&self) -> io::Result<Vec<String>>;
    /// A new, empty file. Its name is on disk after [`Disk::sync_names`].
    fn create(&self, name: &str) -> io::Result<Box<dyn Writing>>;
    /// A file to be read.
    fn open(&self, name: &str) -> io::Result<Box<dyn Reading>>;
    /// Gives a file another name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Flushes the folder itself: what was created, renamed and removed.
    fn sync_names(&self) -> io::Result<()>;
}

/// A file being written.
pub trait Writing: Debug + Send {
    /// Writes all of it at the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Flushes its data to the disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts it to this length: what lies beyond is gone, also from the operating system's memory, where a failed flush leaves it to be read.
    fn cut(&mut self, bytes: u64) -> io::Result<()>;
}

/// A file being read, possibly while it is written.
pub trait Reading: Debug + Send + Sync {
    /// Its length now, bytes.
    fn bytes(&self) -> io::Result<u64>;
    /// Fills the buffer from `offset`; answers how much there was.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Flushes what a process that died had written to it.
    fn sync(&self) -> io::Result<()>;
}

/// A folder of this machine's.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Creates the folder if need be.
    pub fn new(path: &Path) -> io::Result<Folder> {
        fs::create_dir_all(path)?;
        let folder = Folder { path: path.canonicalize()? };
        // Its own name is in the folder above.
        if let Some(parent) = folder.path.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(folder)
    }
}

impl Disk for Folder {
    fn names(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        entries.collect()
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Writing>> {
        Ok(Box::new(OpenOptions::new().append(true).create_new(true).open(self.path.join(name))?))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Reading>> {
        Ok(Box::new(File::open(self.path.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl Writing for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::Write::write_all(self, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }
}

impl Reading for File {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match FileExt::read_at(self, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// What a failed write says about the next one.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        || error.raw_os_error() == Some(24)
        || error.raw_os_error() == Some(23)
}

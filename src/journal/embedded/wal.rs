//! Reads the `-wal` file of the journal before SQLite opens it, and tells a torn end from damage. It never writes, and never
//! looks into pages. `embedded` asks it first at every start.
//!
//! Why: SQLite takes the log up to the first frame that does not check and drops the rest without a word. That is right for the
//! end that a power cut tore, and wrong for damage in the middle, behind which answered commits stand.
//!
//! ```text
//!   header │ f1 f2 F3 │ f4 F5 │ f6 f7 F8 │ o o o o        f: a frame (one page)    F: a frame that ends a commit
//!          │ commit A │   B   │    C     │ older log      o: a leftover with the salts of an earlier round
//! ```
//!
//! What can be on the disk. Every commit is one run of frames, its pages in ascending order and each once (nothing is spilled before the
//! commit: `cache_spill` is off), the last one marked; one sync follows; only then is the commit answered and the next one begun. So at
//! a power cut at most ONE commit, the last, is not synced. Of it any set of sectors may have arrived, in any order: none, all,
//! a frame's header without its page, the marked frame without those before it. Where nothing arrived stand the
//! leftovers of an earlier round (other salts: each round has its own, and `embedded` empties the log at every start, so the
//! torn frames of an earlier crash are gone before their salts could be met again), zeros (the file grew, its bytes did not come), or the file's end.
//!
//! ```text
//!   │ A │ B │ f6 ?? F8 │          torn: what follows the first bad frame can be ONE commit
//!   │ A │ f4 ?? │ f6 f7 F8 │      damage: f6 has a page before f4's, so it begins a further commit, and B before it was synced
//!   │ A │ ?? F5 │ f6 f7 F8 │      damage: after the marked F5 there is f6, so B was whole once
//! ```
//!
//! So, behind the last good commit, among the frames with this round's salts: a frame behind a marked one, or a page number that
//! does not ascend, is of a second commit, and the first was answered. That is [`JournalError::DamagedLog`].
//! A frame's word counts only if its header is of one piece: where a sector boundary falls between mark and salts (one frame in 64), an old
//! mark could stand before new salts; there the frame must also check against the sum stored in the one before it.
//!
//! A header of the log is written alone and synced before its first frame, over a log that is wholly in the database. Its 32 bytes lie in
//! one sector, which disks write whole or not at all. So while the log is in use (the caller knows: `LogUse::Holds`) a header that does not
//! check, an empty file or no file are damage too.
//!
//! What cannot be told apart, and is taken for a torn end:
//! - damage within the last commit alone. It looks like the one that the power cut tore, and is dropped as that one;
//! - a file cut short, or wiped from some place to its end: every trace of the further commits is gone. Where a snapshot is
//!   newer than what is left, recovery sees it (`Embedded::verify_from`);
//! - damage to the mark or the salts of a last commit but one that is of a single frame (only a writer's epoch is): with the last commit
//!   it reads as one. More generally, damage to two commits such that what is left of both ascends like one.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::journal::JournalError;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The smallest unit that disks write whole.
const SECTOR_BYTES: u64 = 512;
/// The magic number; its lowest bit says in which byte order the sums were made.
const MAGIC: u32 = 0x377f_0682;

/// What the caller knows about the log before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogUse {
    /// Commits were answered from it that may not be in the database: it must be there.
    Holds,
    /// It holds nothing that was answered.
    Idle,
}

/// What the end of the log was like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Inspected {
    /// The whole commits in the log.
    pub(super) commits: u64,
    /// The frames of an unfinished commit that will be dropped.
    pub(super) torn_frames: u64,
    /// The bytes from the end of the last whole commit to the end of what is left of the unfinished one.
    pub(super) torn_bytes: u64,
}

/// Walks the log at `path`.
pub(super) fn inspect(path: &Path, log_use: LogUse) -> Result<Inspected, JournalError> {
    let failed = |source: io::Error| JournalError::storage("reading the log of the journal", source);
    let damaged = |frame, offset, commits, what| JournalError::DamagedLog {
        path: path.to_path_buf(),
        frame,
        offset,
        commits,
        what,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match log_use {
                LogUse::Holds => Err(damaged(0, 0, 0, MISSING)),
                LogUse::Idle => Ok(Inspected::default()),
            };
        }
        Err(error) => return Err(failed(error)),
    };
    let length = file.metadata().map_err(failed)?.len();
    let mut file = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; HEADER_BYTES];
    let got = fill(&mut file, &mut header).map_err(failed)?;
    let Some(log) = Log::begin(&header[..got]) else {
        return match log_use {
            LogUse::Holds if length == 0 => Err(damaged(0, 0, 0, MISSING)),
            LogUse::Holds => Err(damaged(0, 0, 0, "its header does not check")),
            LogUse::Idle => Ok(Inspected { torn_bytes: length, ..Inspected::default() }),
        };
    };
    let mut walk = Walk::new(log);
    let mut frame = vec![0; FRAME_HEADER_BYTES + log.page_bytes];
    loop {
        let got = fill(&mut file, &mut frame).map_err(failed)?;
        if got == 0 {
            return Ok(walk.end());
        }
        walk.step(&frame[..got])
            .map_err(|second| damaged(walk.first_bad.0, walk.first_bad.1, walk.report.commits, second))?;
    }
}

const MISSING: &str = "it is gone or empty, with commits that the database may not have. \
    If another tool took it in (sqlite3 does when it closes the last connection), remove journal.live and start again";

/// What the header of the log says.
#[derive(Debug, Clone, Copy)]
struct Log {
    big_endian: bool,
    page_bytes: usize,
    salts: [u32; 2],
    sum: Sum,
}

impl Log {
    /// `None` if the header does not check; SQLite then takes the log for empty.
    fn begin(header: &[u8]) -> Option<Self> {
        if header.len() < HEADER_BYTES {
            return None;
        }
        let magic = word(header, 0);
        let big_endian = magic & 1 == 1;
        let page_bytes = word(header, 8);
        let sum = Sum::default().over(big_endian, &header[..24]);
        let known =
            magic & !1 == MAGIC && page_bytes.is_power_of_two() && (512..=65_536).contains(&page_bytes);
        (known && sum == Sum::stored(header, 24)).then(|| Self {
            big_endian,
            page_bytes: page_bytes as usize,
            salts: [word(header, 16), word(header, 20)],
            sum,
        })
    }
}

/// The walk over the frames: first the good ones, then, from the first bad one on, the search for a second commit.
struct Walk {
    log: Log,
    report: Inspected,
    /// Where the next frame stands: its number and its offset.
    at: (u64, u64),
    /// The sum over all good frames so far.
    running: Sum,
    /// The sum that the frame before claims, good or not.
    claimed: Sum,
    /// Number and offset of the first frame that does not check; (0, 0) while all did.
    first_bad: (u64, u64),
    /// The end of the last whole commit.
    good_end: u64,
    /// Behind the last whole commit: the last page number, and whether a marked frame was met.
    page: u32,
    marked: bool,
}

impl Walk {
    fn new(log: Log) -> Self {
        let begin = HEADER_BYTES as u64;
        Self {
            log,
            report: Inspected::default(),
            at: (1, begin),
            running: log.sum,
            claimed: log.sum,
            first_bad: (0, 0),
            good_end: begin,
            page: 0,
            marked: false,
        }
    }

    /// Takes one frame, or what the file's end left of it. An error says how it is known to be of a second commit.
    fn step(&mut self, frame: &[u8]) -> Result<(), &'static str> {
        let here = self.at;
        self.at = (here.0 + 1, here.1 + frame.len() as u64);
        let whole = frame.len() == FRAME_HEADER_BYTES + self.log.page_bytes;
        if frame.len() < FRAME_HEADER_BYTES {
            self.torn_to_here();
            return Ok(());
        }
        let (page, mark) = (word(frame, 0), word(frame, 4));
        let ours = [word(frame, 8), word(frame, 12)] == self.log.salts;
        let claimed = Sum::stored(frame, 16);
        let sum = |from: Sum| {
            from.over(self.log.big_endian, &frame[..8])
                .over(self.log.big_endian, &frame[FRAME_HEADER_BYTES..])
        };
        if self.first_bad.0 == 0 {
            let now = if whole && ours { sum(self.running) } else { Sum::default() };
            if whole && ours && page != 0 && now == claimed {
                (self.running, self.claimed) = (now, now);
                if mark == 0 {
                    self.page = page;
                    self.report.torn_frames += 1;
                    self.torn_to_here();
                } else {
                    self.page = 0;
                    self.good_end = self.at.1;
                    self.report = Inspected { commits: self.report.commits + 1, ..Inspected::default() };
                }
                return Ok(());
            }
            self.first_bad = here;
        }
        let of_one_piece = !(here.1 + 8).is_multiple_of(SECTOR_BYTES);
        let honest = ours && (of_one_piece || (whole && sum(self.claimed) == claimed));
        self.claimed = claimed;
        let blank = frame[..FRAME_HEADER_BYTES].iter().all(|byte| *byte == 0);
        if ours || blank {
            self.report.torn_frames += u64::from(ours);
            self.torn_to_here();
        }
        if honest {
            if self.marked {
                return Err("a further commit follows, so the one before it was whole");
            }
            if page <= self.page {
                return Err("pages of a further commit follow, so the one before it was whole");
            }
            self.page = page;
            self.marked = mark != 0;
        }
        Ok(())
    }

    fn torn_to_here(&mut self) {
        self.report.torn_bytes = self.at.1 - self.good_end;
    }

    fn end(&self) -> Inspected {
        self.report
    }
}

/// SQLite's running sum over pairs of 32-bit words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum(u32, u32);

impl Sum {
    fn stored(bytes: &[u8], at: usize) -> Self {
        Self(word(bytes, at), word(bytes, at + 4))
    }

    fn over(mut self, big_endian: bool, bytes: &[u8]) -> Self {
        let read = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        let (pairs, _) = bytes.as_chunks::<8>();
        for &[a, b, c, d, e, f, g, h] in pairs {
            self.0 = self.0.wrapping_add(read([a, b, c, d])).wrapping_add(self.1);
            self.1 = self.1.wrapping_add(read([e, f, g, h])).wrapping_add(self.0);
        }
        self
    }
}

/// The big-endian word at `at`; all numbers of the log's headers are stored so.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |four| u32::from_be_bytes(*four))
}

/// Reads until `buffer` is full or the file ends; says how many bytes came.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

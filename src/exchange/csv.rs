//! Rows of a CSV file, one at a time, with a limit on everything.
//!
//! **Invariant**: memory does not grow with the file; a row that cannot be read names its line and field.
use super::clean::Flaw;
use super::record::{Record, Source};
use super::report::Report;
use crate::domain::code::{Coded, codes};
use std::collections::BTreeMap;
use std::io::{self, Chain, Cursor, Read};

codes! {
    /// Why a row was refused.
    RowErrorCode {
        /// The row has more or fewer cells than the header.
        ColumnCount "COLUMN_COUNT",
        /// A cell is not UTF-8.
        InvalidUtf8 "INVALID_UTF8",
        /// A cell that is needed is empty.
        Empty "EMPTY",
        /// A cell is longer than its field allows.
        TooLong "TOO_LONG",
        /// A cell holds control characters.
        ControlCharacter "CONTROL_CHARACTER",
        /// A cell is not of the form that its field needs.
        Malformed "MALFORMED",
        /// A number is outside plausible bounds.
        OutOfRange "OUT_OF_RANGE",
        /// A code is not in the source's closed list.
        UnknownCode "UNKNOWN_CODE",
        /// Numbers that must agree do not.
        DoesNotAddUp "DOES_NOT_ADD_UP",
        /// A record is spread over rows and some of them are missing or come twice.
        Incomplete "INCOMPLETE",
        /// Two rows have the same id and say different things.
        DuplicateId "DUPLICATE_ID",
    }
}

/// One row that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {field}: {message}")]
pub struct RowError {
    /// The line on which the row begins; the header is line 1.
    pub line: u64,
    /// The column.
    pub field: String,
    /// Why, as a code.
    pub code: RowErrorCode,
    /// Why, in words.
    pub message: String,
    /// The organization that the row belongs to, within the source; `None` when the row does not tell.
    pub organization_source_id: Option<String>,
}

/// Why a file cannot be read at all. Nothing of it may be applied.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file has no header.
    #[error("the file is empty: it needs a header row")]
    NoHeader,
    /// The header lacks columns.
    #[error("this is not a {} file: missing columns {}", .source_kind.code(), .missing.join(", "))]
    MissingColumns {
        /// The format that was asked for.
        source_kind: Source,
        /// The columns that are not there.
        missing: Vec<&'static str>,
    },
    /// The header names a column twice, so that its cells are ambiguous.
    #[error("the header names the column {0} more than once")]
    RepeatedColumn(&'static str),
    /// A row is larger than any honest row: most likely a quote that is never closed.
    #[error("the row after line {after_line} is longer than {limit} bytes; is a quote left open?")]
    RowTooLarge {
        /// The last line that was read.
        after_line: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file is larger than the limit.
    #[error("the file is larger than {0} bytes")]
    TooManyBytes(u64),
    /// The file has more rows than the limit.
    #[error("the file has more than {0} rows")]
    TooManyRows(u64),
}

/// The limits of one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows of the file.
    pub rows: u64,
    /// Bytes of one row.
    pub row_bytes: u64,
    /// Row errors that are kept in full; the others are only counted.
    pub errors_kept: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, rows: 250_000, row_bytes: 64 << 10, errors_kept: 1_000 }
    }
}

const READ_AHEAD: usize = 8 << 10;
const BOM: &[u8] = b"\xEF\xBB\xBF";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exceeded {
    Row,
    File,
}

/// A reader that stops at the limits: the csv crate alone would follow an open quote to the end of memory.
struct Bounded<R> {
    inner: Chain<Cursor<Vec<u8>>, R>,
    row_left: u64,
    file_left: u64,
    exceeded: Option<Exceeded>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (left, limit) = if self.row_left < self.file_left {
            (self.row_left, Exceeded::Row)
        } else {
            (self.file_left, Exceeded::File)
        };
        if left == 0 {
            if self.inner.read(&mut [0])? == 0 {
                return Ok(0);
            }
            self.exceeded = Some(limit);
            return Err(io::Error::other("limit"));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        let taken = u64::try_from(read).unwrap_or(u64::MAX);
        self.row_left = self.row_left.saturating_sub(taken);
        self.file_left = self.file_left.saturating_sub(taken);
        Ok(read)
    }
}

/// A column of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// A file without it is not of the format.
    pub required: bool,
}

/// A column that must be there.
pub const fn needed(name: &'static str) -> Column {
    Column { name, required: true }
}

/// A column that may be there.
pub const fn optional(name: &'static str) -> Column {
    Column { name, required: false }
}

/// One row and the names of its cells.
pub struct Row<'a> {
    /// The line on which it begins.
    pub line: u64,
    cells: &'a csv::ByteRecord,
    columns: &'a BTreeMap<&'static str, usize>,
}

impl Row<'_> {
    /// The text of one cell; empty when the column is not there.
    pub fn cell(&self, column: &'static str) -> Result<&str, Flaw> {
        let bytes = self.columns.get(column).and_then(|at| self.cells.get(*at)).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| Flaw::new(column, RowErrorCode::InvalidUtf8, "is not UTF-8".into()))
    }
}

/// One foreign format: its columns and how a row becomes a record.
pub trait Format {
    /// The source that has this format.
    const SOURCE: Source;
    /// The columns it reads; others are ignored.
    const COLUMNS: &'static [Column];
    /// The source gives ids of its own, so that two different rows with one id are an error.
    const GIVES_IDS: bool;
    /// The organization that a row belongs to, as far as its cells still tell.
    fn organization(&self, row: &Row<'_>) -> Option<String>;
    /// Turns a row into a record; `None` for a row that is not a record by itself.
    fn map(&mut self, row: &Row<'_>, report: &mut Report) -> Result<Option<Record>, Flaw>;
    /// What is wrong after the last row.
    fn finish(&mut self) -> Vec<RowError> {
        Vec::new()
    }
}

/// The records and row errors of a file, one at a time.
pub struct Rows<F, R: Read> {
    reader: csv::Reader<Bounded<R>>,
    columns: BTreeMap<&'static str, usize>,
    width: usize,
    limits: Limits,
    format: F,
    cells: csv::ByteRecord,
    last_line: u64,
    tail: Option<std::vec::IntoIter<RowError>>,
    report: Report,
}

impl<F: Format, R: Read> Rows<F, R> {
    /// Opens a file and checks its header.
    pub fn open(format: F, mut input: R, limits: Limits) -> Result<Self, FileError> {
        let mut head = Vec::with_capacity(BOM.len());
        input.by_ref().take(3).read_to_end(&mut head)?;
        if head == BOM {
            head.clear();
        }
        let inner = Cursor::new(head).chain(input);
        let bounded = Bounded { inner, row_left: limits.row_bytes, file_left: limits.bytes, exceeded: None };
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(READ_AHEAD)
            .from_reader(bounded);
        let mut rows = Self {
            reader,
            columns: BTreeMap::new(),
            width: 0,
            limits,
            format,
            cells: csv::ByteRecord::new(),
            last_line: 0,
            tail: None,
            report: Report::default(),
        };
        rows.header()?;
        Ok(rows)
    }

    fn header(&mut self) -> Result<(), FileError> {
        if !self.advance()? {
            return Err(FileError::NoHeader);
        }
        let named = |cell: &[u8], name: &str| cell.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
        let mut missing = Vec::new();
        for column in F::COLUMNS {
            let mut places = self.cells.iter().enumerate().filter(|(_, cell)| named(cell, column.name));
            match (places.next(), places.next()) {
                (Some(_), Some(_)) => return Err(FileError::RepeatedColumn(column.name)),
                (Some((at, _)), None) => drop(self.columns.insert(column.name, at)),
                (None, _) if column.required => missing.push(column.name),
                (None, _) => {}
            }
        }
        self.width = self.cells.len();
        if missing.is_empty() { Ok(()) } else { Err(FileError::MissingColumns { source_kind: F::SOURCE, missing }) }
    }

    fn advance(&mut self) -> Result<bool, FileError> {
        self.reader.get_mut().row_left = self.limits.row_bytes;
        match self.reader.read_byte_record(&mut self.cells) {
            Ok(more) => {
                self.last_line = self.cells.position().map_or(self.last_line, csv::Position::line);
                Ok(more)
            }
            Err(error) => Err(match self.reader.get_ref().exceeded {
                Some(Exceeded::Row) => {
                    FileError::RowTooLarge { after_line: self.last_line, limit: self.limits.row_bytes }
                }
                Some(Exceeded::File) => FileError::TooManyBytes(self.limits.bytes),
                None => FileError::Io(error.into()),
            }),
        }
    }

    /// The next record or row error; `None` after the last.
    pub fn next_record(&mut self) -> Result<Option<Result<Record, RowError>>, FileError> {
        while self.tail.is_none() {
            if !self.advance()? {
                self.tail = Some(self.format.finish().into_iter());
                break;
            }
            if self.report.rows >= self.limits.rows {
                return Err(FileError::TooManyRows(self.limits.rows));
            }
            self.report.rows += 1;
            let row = Row { line: self.last_line, cells: &self.cells, columns: &self.columns };
            match whole(&row, self.width).and_then(|()| self.format.map(&row, &mut self.report)) {
                Ok(None) => {}
                Ok(Some(record)) => return Ok(Some(Ok(record))),
                Err(flaw) => {
                    // A row of the wrong width has its cells in the wrong columns: its id would be somebody else's.
                    let organization_source_id =
                        (flaw.code != RowErrorCode::ColumnCount).then(|| self.format.organization(&row)).flatten();
                    return Ok(Some(Err(flaw.at(self.last_line, organization_source_id))));
                }
            }
        }
        Ok(self.tail.as_mut().and_then(Iterator::next).map(Err))
    }

    /// The counts so far.
    pub fn into_report(self) -> Report {
        self.report
    }
}

fn whole(row: &Row<'_>, width: usize) -> Result<(), Flaw> {
    if row.cells.len() == width {
        return Ok(());
    }
    let message = format!("has {} cells, the header has {width}", row.cells.len());
    Err(Flaw::new("row", RowErrorCode::ColumnCount, message))
}

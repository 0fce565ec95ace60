//! What a CSV file is like: its delimiter and its encoding, and, once it could not be read, which line does not fit and what mends it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use datafusion::arrow::csv::reader::Format;
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::error::ArrowError;

/// Bytes of the beginning that are looked at for the header.
const HEAD: usize = 1 << 16;

/// What is wrong with a CSV file, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// Two bytes a letter.
    #[error("it is UTF-16: save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8 FILE > utf8.csv")]
    Utf16,
    /// Another encoding than UTF-8.
    #[error(
        "line {line} is not UTF-8: save it as UTF-8, or convert it, from a Chinese spreadsheet: iconv -f GB18030 -t UTF-8 FILE > utf8.csv"
    )]
    Encoding {
        /// From 1.
        line: u64,
    },
    /// A note to a spreadsheet where the header should be.
    #[error("line 1 is {text:?}, a note to a spreadsheet: delete that line, so that the header comes first")]
    Note {
        /// As it stands.
        text: String,
    },
    /// Two columns of one name.
    #[error("two columns are called {column:?}: rename one of them in the header")]
    Twice {
        /// The name.
        column: String,
    },
    /// A row with more or fewer fields than the header.
    #[error(
        "line {line} has {found} fields where the header has {expected}: mend that line; a field that holds the delimiter {delimiter:?} stands in double \
         quotes, and decimals have a point"
    )]
    Ragged {
        /// From 1; of a row over several lines the first.
        line: u64,
        /// Its fields.
        found: usize,
        /// Those of the header.
        expected: usize,
        /// What stands between fields.
        delimiter: char,
    },
    /// A quote that is never closed.
    #[error("a double quote in line {line} is never closed: close it, or write a quote within a field twice")]
    Open {
        /// From 1.
        line: u64,
    },
}

/// The delimiter of a file: the one that was meant by its ending, or of `.csv` a semicolon, a tab or a bar where the header has them and no comma.
pub(super) fn looked_at(path: &Path, ending: &str) -> Result<u8, CsvError> {
    let mut head = Vec::new();
    // What cannot be opened is told by who reads it.
    let _ = File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) || head.contains(&0) {
        return Err(CsvError::Utf16);
    }
    let text = head.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(&head);
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
    if line.to_ascii_lowercase().starts_with("sep=") {
        return Err(CsvError::Note { text: line });
    }
    let count = |delimiter: u8| fields(&line, delimiter).len();
    let delimiter = match ending {
        "tsv" => b'\t',
        _ if count(b',') > 1 => b',',
        _ => [b';', b'\t', b'|'].into_iter().filter(|other| count(*other) > 1).max_by_key(|other| count(*other)).unwrap_or(b','),
    };
    let columns = fields(&line, delimiter);
    match (1..columns.len()).find(|at| columns[..*at].contains(&columns[*at])) {
        Some(at) => Err(CsvError::Twice { column: columns[at].clone() }),
        None => Ok(delimiter),
    }
}

/// The columns, by so many rows. DataFusion looks at pieces of a file, and takes the half of a row with a newline in quotes for a whole one.
pub(super) fn schema(path: &Path, delimiter: u8, rows: usize) -> Result<Schema, ArrowError> {
    let format = Format::default().with_header(true).with_delimiter(delimiter);
    let (found, _) = format.infer_schema(BufReader::with_capacity(1 << 20, File::open(path)?), Some(rows))?;
    let bare = |field: &Field| field.clone().with_name(field.name().trim_start_matches('\u{FEFF}'));
    Ok(Schema::new(found.fields().iter().map(|field| bare(field)).collect::<Vec<_>>()))
}

/// The fields of a line, without their quotes.
fn fields(line: &str, delimiter: u8) -> Vec<String> {
    let mut scan = Scan::new(delimiter);
    let (mut all, mut began) = (Vec::new(), 0);
    for (at, byte) in line.bytes().enumerate() {
        if scan.feed(byte) {
            all.push(&line[began..at]);
            began = at + 1;
        }
    }
    all.push(&line[began..]);
    all.into_iter().map(|field| field.trim().trim_matches('"').replace("\"\"", "\"")).collect()
}

/// The first line that does not fit; `None`: all do, so that something else is wrong.
pub(super) fn misfit(path: &Path, delimiter: u8) -> Option<CsvError> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path).ok()?);
    let mut scan = Scan::new(delimiter);
    let (mut line, mut began, mut found, mut expected, mut text) = (0, 1, 1, None, Vec::new());
    while reader.read_until(b'\n', &mut text).ok()? > 0 {
        line += 1;
        if std::str::from_utf8(&text).is_err() {
            return Some(CsvError::Encoding { line });
        }
        let is_blank = text.iter().all(u8::is_ascii_whitespace);
        found += text.iter().filter(|byte| scan.feed(**byte)).count();
        text.clear();
        if scan.quoted {
            continue;
        }
        match expected {
            None => expected = Some(found),
            Some(1) => {}
            // Nor is an empty line a row.
            Some(_) if is_blank && found == 1 => {}
            Some(expected) if found != expected => {
                return Some(CsvError::Ragged { line: began, found, expected, delimiter: char::from(delimiter) });
            }
            Some(_) => {}
        }
        (began, found) = (line + 1, 1);
    }
    scan.quoted.then_some(CsvError::Open { line: began })
}

/// Where in a row a byte stands (RFC 4180).
struct Scan {
    delimiter: u8,
    quoted: bool,
    /// Whether a field begins.
    start: bool,
    /// Whether a quote was just closed, so that another one means a quote.
    closed: bool,
}

impl Scan {
    fn new(delimiter: u8) -> Scan {
        Scan { delimiter, quoted: false, start: true, closed: false }
    }

    /// Whether this byte ends a field and another begins.
    fn feed(&mut self, byte: u8) -> bool {
        if self.quoted {
            (self.quoted, self.closed) = (byte != b'"', byte == b'"');
            return false;
        }
        if byte == b'"' && (self.start || self.closed) {
            (self.quoted, self.start, self.closed) = (true, false, false);
            return false;
        }
        let ends = byte == self.delimiter;
        (self.start, self.closed) = (ends || byte == b'\n', false);
        ends
    }
}

/// What mends a value that should be a number; empty where nothing is known.
pub(super) fn remedy(what: &str, value: &str) -> String {
    let value = value.trim();
    let number = |text: &str| text.parse::<f64>().is_ok();
    if let Some(percent) = value.strip_suffix('%').filter(|rest| number(rest.trim())) {
        return format!(": write it without the percent sign, as a share {}", percent.trim().parse::<f64>().unwrap_or_default() / 100.0);
    }
    if ["yes", "no", "true", "false", "y", "n", "t", "f", "是", "否"].contains(&value.to_lowercase().as_str()) {
        return format!(": ask for the share of yes ({what}:higher:share), or write 1 and 0");
    }
    let grouped = value.split(',').skip(1).all(|part| part.split('.').next().is_some_and(|digits| digits.len() == 3));
    match value.matches(',').count() {
        0 => ": leave the cell empty where nothing was measured".to_owned(),
        1 if !grouped && number(&value.replace(',', ".")) => format!(": write decimals with a point, {}", value.replace(',', ".")),
        _ if number(&value.replace(',', "")) => format!(": write it without thousands' commas, {}", value.replace(',', "")),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn misfit_of(text: &str) -> Option<CsvError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        looked_at(&path, "csv").map_or_else(Some, |delimiter| misfit(&path, delimiter))
    }

    #[test]
    fn the_line_that_does_not_fit_is_the_one_that_is_named() {
        let rows = "a,b\n".repeat(3000);
        assert_eq!(
            misfit_of(&format!("x,y\n{rows}a,b,c\n{rows}")),
            Some(CsvError::Ragged { line: 3002, found: 3, expected: 2, delimiter: ',' })
        );
        assert_eq!(misfit_of("x,y\n\"two\nlines\",1\na,b,c\n"), Some(CsvError::Ragged { line: 4, found: 3, expected: 2, delimiter: ',' }));
        assert_eq!(misfit_of("x,y\na,\"say \"\"hi\"\", he said\"\n5\" screen,b\n"), None);
        assert_eq!(misfit_of("x,y\n1,2\n\n3,4\n"), None);
        assert_eq!(misfit_of("x,y\n1,\"2\n3,4\n"), Some(CsvError::Open { line: 2 }));
        assert_eq!(misfit_of("x\n1\n\n3\n"), None);
    }

    #[test]
    fn what_spreadsheets_write_is_read_or_says_what_mends_it() {
        let folder = tempfile::tempdir().unwrap();
        let looked = |bytes: &[u8]| {
            let path = folder.path().join("a.csv");
            std::fs::write(&path, bytes).unwrap();
            looked_at(&path, "csv")
        };
        assert_eq!((looked(b"a;b;c\n1,5;2;3"), looked(b"a\tb\n"), looked(b"a|b\n")), (Ok(b';'), Ok(b'\t'), Ok(b'|')));
        assert_eq!((looked(b"a,b;c\n"), looked(b"alone\n"), looked(b"\"a;b\"\n")), (Ok(b','), Ok(b','), Ok(b',')));
        assert_eq!(looked(b"\xFF\xFEa\0,\0b\0"), Err(CsvError::Utf16));
        assert!(matches!(looked(b"sep=;\r\na;b\n"), Err(CsvError::Note { text }) if text == "sep=;"));
        assert_eq!(looked(b"ms,vendor,ms\n"), Err(CsvError::Twice { column: "ms".into() }));
        let path = folder.path().join("a.csv");
        std::fs::write(&path, b"vendor,ms\nA,1\n\xB9\xA9,2\n").unwrap();
        assert_eq!(misfit(&path, b','), Some(CsvError::Encoding { line: 3 }));
    }

    #[test]
    fn a_value_that_is_no_number_says_what_would_be() {
        let says = |value: &str| remedy("joined", value);
        assert_eq!(says("99.5%"), ": write it without the percent sign, as a share 0.995");
        assert_eq!(says("是"), ": ask for the share of yes (joined:higher:share), or write 1 and 0");
        assert_eq!(says("523,1"), ": write decimals with a point, 523.1");
        assert_eq!(says("1,000.5"), ": write it without thousands' commas, 1000.5");
        assert_eq!(says("timeout"), ": leave the cell empty where nothing was measured");
    }
}

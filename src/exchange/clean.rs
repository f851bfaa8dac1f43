//! Cells to values: one strict reading for each kind of cell.
//!
//! **Invariant**: a value is either read exactly or refused; nothing is rounded, cut or guessed, except that lost
//! leading zeros of ZIP and FIPS codes come back.
use super::csv::{RowError, RowErrorCode};
use super::report::Report;
use crate::domain::geo::Point;

/// The most that a count of beds can plausibly be.
pub const COUNT_MAX: u32 = 10_000;
/// The longest name or street, in characters.
pub const LINE_MAX: usize = 200;
/// The longest city or county, in characters.
pub const PLACE_MAX: usize = 100;
const WEBSITE_MAX: usize = 300;
const SHOWN_MAX: usize = 40;

/// What is wrong with one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The column.
    pub field: &'static str,
    /// Why, as a code.
    pub code: RowErrorCode,
    /// Why, in words.
    pub message: String,
}

impl Flaw {
    /// A flaw of one column.
    pub fn new(field: &'static str, code: RowErrorCode, message: String) -> Self {
        Self { field, code, message }
    }

    /// The flaw as the error of a row.
    pub fn at(self, line: u64, organization_source_id: Option<String>) -> RowError {
        let Self { field, code, message } = self;
        RowError { line, field: field.into(), code, message, organization_source_id }
    }

    fn shown(field: &'static str, code: RowErrorCode, cell: &str, is: &str) -> Self {
        let short: String = cell.chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect();
        Self::new(field, code, format!("\"{short}\" {is}"))
    }
}

/// A cell that is not of its field's form.
pub fn malformed(field: &'static str, cell: &str, is: &str) -> Flaw {
    Flaw::shown(field, RowErrorCode::Malformed, cell, is)
}

/// A cell that is not in the source's closed list.
pub fn unknown_code(field: &'static str, cell: &str) -> Flaw {
    Flaw::shown(field, RowErrorCode::UnknownCode, cell, "is not a known code")
}

/// Marks that are not seen but change what is seen: zero width, direction, soft hyphen.
fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// One line of text: white space runs become one space, invisible marks go, control characters are refused.
pub fn text(field: &'static str, cell: &str, max: usize) -> Result<Option<String>, Flaw> {
    let visible: String = cell.chars().filter(|c| !invisible(*c)).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().any(char::is_control) {
        Err(Flaw::shown(field, RowErrorCode::ControlCharacter, cell, "holds control characters"))
    } else if line.chars().count() > max {
        Err(Flaw::shown(field, RowErrorCode::TooLong, cell, &format!("is longer than {max} characters")))
    } else {
        Ok(Some(line).filter(|line| !line.is_empty()))
    }
}

/// One line of text that must be there.
pub fn required(field: &'static str, cell: &str, max: usize) -> Result<String, Flaw> {
    text(field, cell, max)?.ok_or_else(|| Flaw::new(field, RowErrorCode::Empty, "must not be empty".into()))
}

/// Counts a text that a spreadsheet would run. It stays the text it is; whoever writes CSV has to disarm it.
pub fn note_formula(report: &mut Report, text: &str) {
    if text.starts_with(['=', '+', '-', '@']) {
        report.formula_like += 1;
    }
}

/// A count, with or without thousands separators; `None` for a blank.
pub fn count(field: &'static str, cell: &str) -> Result<Option<u32>, Flaw> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    let mut groups = cell.split(',');
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    let first = groups.next().unwrap_or_default();
    let grouped = cell.contains(',');
    let whole = digits(first) && (!grouped || first.len() <= 3) && groups.all(|g| g.len() == 3 && digits(g));
    if !whole {
        return Err(malformed(field, cell, "is not a whole number"));
    }
    let plain: String = cell.chars().filter(char::is_ascii_digit).collect();
    match plain.parse::<u32>() {
        Ok(count) if count <= COUNT_MAX => Ok(Some(count)),
        _ => Err(Flaw::shown(field, RowErrorCode::OutOfRange, cell, &format!("is more than {COUNT_MAX}"))),
    }
}

/// A count of a source that writes -999 for unknown.
pub fn count_or_999(field: &'static str, cell: &str) -> Result<Option<u32>, Flaw> {
    if cell.trim() == "-999" { Ok(None) } else { count(field, cell) }
}

/// A ZIP code as five digits; lost leading zeros come back and are counted.
pub fn zip(field: &'static str, cell: &str, report: &mut Report) -> Result<Option<String>, Flaw> {
    let cell = cell.trim();
    let (five, four) = cell.split_once('-').unwrap_or((cell, "0000"));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if cell.is_empty() {
        return Ok(None);
    }
    // 00501 is the lowest ZIP code there is.
    let real = five.parse::<u32>().is_ok_and(|number| number >= 501);
    if !real || !(3..=5).contains(&five.len()) || !digits(five) || four.len() != 4 || !digits(four) {
        return Err(malformed(field, cell, "is not a ZIP code"));
    }
    report.restored_zips += u64::from(five.len() < 5);
    Ok(Some(format!("{five:0>5}")))
}

/// A state as two capital letters.
pub fn state(field: &'static str, cell: &str) -> Result<Option<String>, Flaw> {
    let cell = cell.trim();
    match cell.len() {
        0 => Ok(None),
        2 if cell.bytes().all(|b| b.is_ascii_alphabetic()) => Ok(Some(cell.to_ascii_uppercase())),
        _ => Err(malformed(field, cell, "is not a state of two letters")),
    }
}

/// A county as a Census FIPS code.
pub fn county_fips(field: &'static str, cell: &str) -> Result<Option<u32>, Flaw> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    let digits = (4..=5).contains(&cell.len()) && cell.bytes().all(|b| b.is_ascii_digit());
    match cell.parse::<u32>() {
        Ok(fips) if digits && fips >= 1_001 => Ok(Some(fips)),
        _ => Err(malformed(field, cell, "is not a county FIPS code")),
    }
}

/// Latitude and longitude in millionths of a degree: both or neither, within the United States and its territories.
pub fn point(fields: [&'static str; 2], latitude: &str, longitude: &str) -> Result<Option<Point>, Flaw> {
    let [lat_field, lon_field] = fields;
    let (Some(lat), Some(lon)) = (degrees(lat_field, latitude)?, degrees(lon_field, longitude)?) else {
        let both_blank = latitude.trim().is_empty() == longitude.trim().is_empty();
        let flaw = Flaw::new(lat_field, RowErrorCode::Empty, format!("needs {lon_field}, and the other way round"));
        return if both_blank { Ok(None) } else { Err(flaw) };
    };
    let outside = |field, cell: &str| Flaw::shown(field, RowErrorCode::OutOfRange, cell, "is not in the United States");
    if !(-15.0..=72.0).contains(&lat) {
        return Err(outside(lat_field, latitude));
    }
    if !((-180.0..=-64.0).contains(&lon) || (130.0..=180.0).contains(&lon)) {
        return Err(outside(lon_field, longitude));
    }
    Point::from_degrees(lat, lon).map(Some).map_err(|_| outside(lat_field, latitude))
}

fn degrees(field: &'static str, cell: &str) -> Result<Option<f64>, Flaw> {
    let cell = cell.trim();
    let plain = cell.len() <= 32 && cell.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    match cell.parse::<f64>() {
        _ if cell.is_empty() => Ok(None),
        Ok(degrees) if plain => Ok(Some(degrees)),
        _ => Err(malformed(field, cell, "is not a number of degrees")),
    }
}

/// A phone as E.164 and, if there is one, its extension. Ten digits are a number of North America.
pub fn phone(field: &'static str, cell: &str) -> Result<Option<(String, Option<String>)>, Flaw> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    let lower = cell.to_ascii_lowercase();
    let (number, extension) = lower.split_once("ext").or_else(|| lower.split_once('x')).unwrap_or((&lower, ""));
    let extension = extension.trim_matches([' ', '.', ':']);
    let spelled = number.bytes().all(|b| b.is_ascii_digit() || b" ()-.+".contains(&b));
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let short = extension.len() <= 8 && extension.bytes().all(|b| b.is_ascii_digit());
    let e164 = match (number.trim().strip_prefix('+'), digits.len()) {
        (Some(rest), 8..=15) if !rest.contains('+') && !digits.starts_with('0') => Some(format!("+{digits}")),
        (None, 10) if area_and_exchange(&digits) => Some(format!("+1{digits}")),
        (None, 11) if digits.strip_prefix('1').is_some_and(area_and_exchange) => Some(format!("+{digits}")),
        _ => None,
    };
    match e164 {
        Some(e164) if spelled && short => {
            Ok(Some((e164, Some(extension).filter(|x| !x.is_empty()).map(str::to_owned))))
        }
        _ => Err(malformed(field, cell, "is not a phone number")),
    }
}

fn area_and_exchange(ten: &str) -> bool {
    let at = |n: usize| ten.as_bytes().get(n).is_some_and(|b| (b'2'..=b'9').contains(b));
    at(0) && at(3)
}

/// A website with http or https; a bare `http://` is none, a bare host gets `http://`.
pub fn website(field: &'static str, cell: &str) -> Result<Option<String>, Flaw> {
    let cell: String = cell.chars().filter(|c| !invisible(*c)).collect();
    let cell = cell.trim();
    let lower = cell.to_ascii_lowercase();
    let (scheme, rest) = match ["https://", "http://"].into_iter().find(|scheme| lower.starts_with(scheme)) {
        Some(scheme) => (scheme, cell.get(scheme.len()..).unwrap_or_default()),
        None => ("http://", cell),
    };
    if rest.is_empty() {
        return Ok(None);
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let named = host.contains('.')
        && !host.starts_with('.')
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let plain = rest.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&b));
    if named && plain && cell.len() <= WEBSITE_MAX {
        Ok(Some(format!("{scheme}{rest}")))
    } else {
        Err(malformed(field, cell, "is not a website"))
    }
}

/// Leaves out an optional value of a foreign source that is not of its form: a hospital is not refused for its website.
pub fn or_left_out<T>(report: &mut Report, value: Result<Option<T>, Flaw>) -> Option<T> {
    value.unwrap_or_else(|_| {
        report.left_out += 1;
        None
    })
}

/// Whether a name says that the place is closed.
pub fn says_closed(name: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case("closed"))
}

/// A name or address for comparing: lower case, letters and digits, one space between words.
pub fn normal(text: &str) -> String {
    let words: String = text
        .chars()
        .filter(|c| !matches!(c, '\'' | '\u{2019}'))
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

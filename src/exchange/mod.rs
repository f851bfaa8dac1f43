//! FOREIGN RECORDS. Reads what other systems publish and turns it into neutral records.
//!
//! Reading and applying are two halves. This half is pure: a reader over bytes in, records and row errors out;
//! [`apply`] turns an [`import::Import`] into what the verb of `app::import` takes.
//!
//! **Invariant**: nothing here is async, opens a database, asks the time or trusts a cell; a bad row is an error with
//! its line and field, never a panic, never a guess and never the end of the file.
pub mod ahca;
#[cfg(test)]
mod applied;
pub mod apply;
pub mod clean;
pub mod csv;
pub mod hifld;
#[cfg(test)]
mod hostile;
pub mod hub_csv;
pub mod import;
#[cfg(test)]
pub(crate) mod real;
pub mod record;
pub mod report;
pub mod samhsa;
pub mod travel;

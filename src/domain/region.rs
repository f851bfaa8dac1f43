//! Regions: the area one council answers for.
use super::entry::{Details, Entry};
use super::event::{EventKind, Fact};
use super::id::RegionId;
use super::text::{self, Flaw};

/// One county of a region.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct County {
    /// Census FIPS code, five digits.
    pub fips: u32,
    /// Its name.
    pub name: String,
}

/// What is said about a region.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionDetails {
    /// Its name.
    pub name: String,
    /// Short code for settings and files, such as `south-florida`.
    pub code: String,
    /// IANA time zone for its wall times.
    pub time_zone: String,
    /// The counties it covers.
    pub counties: Vec<County>,
    /// Whose law is kept to, by its code such as `US-FL`; none where nobody has said.
    pub jurisdiction: Option<String>,
}

/// A region of the network.
pub type Region = Entry<RegionDetails>;

impl Details for RegionDetails {
    type Id = RegionId;
    const SAVED: EventKind = EventKind::RegionSaved;

    fn check(&self) -> Result<(), Flaw> {
        text::line("name", &self.name, 120)?;
        text::line("code", &self.code, 64)?;
        self.jurisdiction.iter().try_for_each(|code| super::jurisdiction::code("jurisdiction", code))?;
        text::within("counties", i64::try_from(self.counties.len()).unwrap_or(i64::MAX), 0, 300)?;
        super::facility::time_zone("timeZone", &self.time_zone)
    }

    fn fact(&self, _retired: bool) -> Fact {
        Fact::Region {}
    }

    fn told(&self, fact: &Fact) -> Option<Self> {
        matches!(fact, Fact::Region {}).then(|| self.clone())
    }
}

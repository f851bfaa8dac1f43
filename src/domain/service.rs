//! Services: what is offered, to whom, and on which terms.
use super::code::codes;
use super::entry::{Details, Entry};
use super::event::{EventKind, Fact};
use super::facility::phone;
use super::hours::Hours;
use super::id::{FacilityId, ServiceId};
use super::text::{self, Flaw, FlawKind};

codes! {
    /// Levels of care, after the SAMHSA crisis continuum.
    ServiceKind {
        /// Someone to talk to.
        Call "CALL",
        /// Someone who comes.
        Mobile "MOBILE",
        /// Receiving center, up to 23 hours.
        Receiving23h "RECEIVING_23H",
        /// Short-term crisis stabilization.
        StabilizationShort "STABILIZATION_SHORT",
        /// Inpatient psychiatry.
        PsychInpatient "PSYCH_INPATIENT",
        /// Withdrawal management.
        WithdrawalMgmt "WITHDRAWAL_MGMT",
        /// Residential treatment for substance use.
        SudResidential "SUD_RESIDENTIAL",
        /// Peer respite house.
        PeerRespite "PEER_RESPITE",
        /// Sobering center.
        Sobering "SOBERING",
        /// Living room.
        LivingRoom "LIVING_ROOM",
        /// Urgent outpatient care.
        UrgentOutpatient "URGENT_OUTPATIENT",
        /// Appointment on the next day.
        NextDayAppt "NEXT_DAY_APPT",
        /// Outreach.
        Outreach "OUTREACH",
    }
}

/// What an agency says about one service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceDetails {
    /// Its name.
    pub name: String,
    /// Where it is offered; none for a line or a mobile team.
    pub facility: Option<FacilityId>,
    /// The level of care.
    pub kind: ServiceKind,
    /// First responders are never refused.
    pub no_refusal: bool,
    /// Wants medical clearance before arrival.
    pub medical_clearance_required: bool,
    /// Takes people who come of their own will.
    pub voluntary: bool,
    /// Takes people under an involuntary hold.
    pub involuntary: bool,
    /// Youngest age taken, in years.
    pub age_min: Option<u16>,
    /// Oldest age taken, in years.
    pub age_max: Option<u16>,
    /// Languages spoken, as ISO 639-1 codes.
    pub languages: Vec<String>,
    /// Counties served, as Census FIPS codes; empty means any.
    pub catchment_fips: Vec<u32>,
    /// The line to call, E.164.
    pub direct_line: Option<String>,
    /// The line to text: E.164 or a short code.
    pub text_line: Option<String>,
    /// When it is open; `None` is not known.
    pub hours: Option<Hours>,
    /// Set up for people under 18; `None` is not known.
    pub youth_capable: Option<bool>,
}

/// What a facility or an agency offers.
pub type Service = Entry<ServiceDetails>;

/// Checks a range of ages in years.
pub fn ages(min: Option<u16>, max: Option<u16>) -> Result<(), Flaw> {
    text::within("ageMin", i64::from(min.unwrap_or(0)), 0, 120)?;
    text::within("ageMax", i64::from(max.unwrap_or(120)), i64::from(min.unwrap_or(0)), 120)
}

/// A line to text has a phone number or a short code, such as 988 or 741741.
fn text_line(number: Option<&String>) -> Result<(), Flaw> {
    let short = |n: &&String| (3..=6).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit());
    if number.as_ref().is_some_and(short) { Ok(()) } else { phone("textLine", number) }
}

impl ServiceDetails {
    /// Whether somebody can be talked to at once, without going anywhere: a line, or a service without a place that has one.
    pub fn is_virtual(&self) -> bool {
        let elsewhere = self.facility.is_none() && self.kind != ServiceKind::Mobile;
        (self.kind == ServiceKind::Call || elsewhere) && (self.direct_line.is_some() || self.text_line.is_some())
    }
}

impl Details for ServiceDetails {
    type Id = ServiceId;
    const SAVED: EventKind = EventKind::ServiceSaved;

    fn check(&self) -> Result<(), Flaw> {
        text::line("name", &self.name, 200)?;
        ages(self.age_min, self.age_max)?;
        text::within("languages", i64::try_from(self.languages.len()).unwrap_or(i64::MAX), 0, 50)?;
        text::within("catchmentFips", i64::try_from(self.catchment_fips.len()).unwrap_or(i64::MAX), 0, 300)?;
        let iso = |code: &String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase());
        if !self.languages.iter().all(iso) {
            return Err(Flaw { field: "languages", kind: FlawKind::Malformed, min: 2, max: 2 });
        }
        phone("directLine", self.direct_line.as_ref())?;
        text_line(self.text_line.as_ref())?;
        self.hours.as_ref().map_or(Ok(()), Hours::check)
    }

    fn fact(&self, retired: bool) -> Fact {
        Fact::Service { facility: self.facility, kind: self.kind, no_refusal: self.no_refusal, retired }
    }

    fn told(&self, fact: &Fact) -> Option<Self> {
        let Fact::Service { facility, kind, no_refusal, .. } = *fact else { return None };
        Some(Self { facility, kind, no_refusal, ..self.clone() })
    }
}

impl ServiceKind {
    /// How often a unit of this level reports when it does not say, in minutes.
    pub fn update_interval_minutes(self) -> u32 {
        match self {
            Self::Receiving23h | Self::Sobering | Self::LivingRoom => 60,
            Self::PeerRespite => 480,
            _ => 240,
        }
    }
}

//! Permits for what is told beyond the two agencies of a handoff.
use super::{
    Disclose, DiscloseThreat, Permit, ReadEmergencies, ReadThreats, Refused, ReviewEmergency, Row, TellTime, permit,
};
use crate::domain::emergency::EmergencyDisclosure;
use crate::domain::handoff::Handoff;
use crate::domain::id::{EmergencyDisclosureId, Noun, NounId, OrganizationId, ThreatDisclosureId};
use crate::domain::organization::Organization;
use crate::domain::sealed::parties;
use crate::domain::threat::{ThreatDisclosure, ThreatFacts};
use crate::policy::tiers;
use crate::policy::viewer::Viewer;

/// May the viewer tell a threat, for their own agency, in this handoff?
pub fn disclose_threat(
    viewer: &Viewer,
    of: &Handoff,
    id: ThreatDisclosureId,
) -> Result<Permit<DiscloseThreat>, Refused> {
    let owner = viewer.organization().filter(|own| parties(of).contains(own)).ok_or(Refused)?;
    permit(viewer, Row { noun: Noun::ThreatDisclosure, key: id.key(), version: 0, region: of.region, owner })
}

/// May the viewer read this threat, which was told to their own agency?
pub fn read_threat(viewer: &Viewer, threat: &ThreatFacts) -> Result<Permit<ReadThreats>, Refused> {
    let (key, version) = (threat.id.key(), ThreatDisclosure::VERSION);
    permit(viewer, Row { noun: Noun::ThreatDisclosure, key, version, region: threat.region, owner: threat.to })
}

/// Is the viewer, whose agency is `home`, medical personnel, as whom a program's records are opened in an emergency?
pub fn is_medical(viewer: &Viewer, home: &Organization) -> Result<(), Refused> {
    let medical = viewer.stands_on().all(|grant| tiers::is_medical(grant.role, &home.details));
    if viewer.organization() == Some(home.id) && medical { Ok(()) } else { Err(Refused) }
}

/// May the viewer write down that they open a program's records in this handoff in an emergency?
pub fn open_in_emergency(
    viewer: &Viewer,
    of: &Handoff,
    id: EmergencyDisclosureId,
) -> Result<Permit<Disclose>, Refused> {
    let owner = viewer.organization().filter(|own| parties(of).contains(own)).ok_or(Refused)?;
    permit(viewer, Row { noun: Noun::EmergencyDisclosure, key: id.key(), version: 0, region: of.region, owner })
}

/// Whether the viewer's agency, `home`, may have an office that knows of openings: none of criminal justice has.
pub fn knows_of_emergencies(viewer: &Viewer, home: &Organization) -> bool {
    viewer.organization() == Some(home.id) && !home.details.is_of_justice()
}

/// May the viewer read what was said with this opening, as the privacy office of either agency, `home`?
pub fn read_emergency(
    viewer: &Viewer,
    home: &Organization,
    of: &EmergencyDisclosure,
) -> Result<Permit<ReadEmergencies>, Refused> {
    if ![of.author, of.organization].contains(&home.id) || !knows_of_emergencies(viewer, home) {
        return Err(Refused);
    }
    permit(viewer, row(of, home.id))
}

/// May the viewer review this opening, as the privacy office of the agency, `home`, whose records they are?
pub fn review_emergency(
    viewer: &Viewer,
    home: &Organization,
    of: &EmergencyDisclosure,
) -> Result<Permit<ReviewEmergency>, Refused> {
    if !knows_of_emergencies(viewer, home) {
        return Err(Refused);
    }
    permit(viewer, row(of, of.author))
}

/// May the viewer tell the log that the review of this opening is late?
pub fn tell_emergency(viewer: &Viewer, of: &EmergencyDisclosure) -> Result<Permit<TellTime>, Refused> {
    permit(viewer, row(of, of.author))
}

fn row(of: &EmergencyDisclosure, owner: OrganizationId) -> Row {
    Row { noun: Noun::EmergencyDisclosure, key: of.id.key(), version: of.version, region: of.region, owner }
}

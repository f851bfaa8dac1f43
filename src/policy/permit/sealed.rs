//! Permits for what is sealed: writing an entry, opening entries, and keeping consents.
use super::{Disclose, KeepConsent, NoteHandoff, Permit, Refused, Row, SendHandoff, Stamp, TellTime, permit, reaches};
use crate::domain::handoff::Handoff;
use crate::domain::id::{ConsentId, HandoffEntryId, Noun, NounId, OrganizationId};
use crate::domain::organization::Organization;
use crate::domain::sealed::{Consent, Purpose, Tier, parties, sides_of};
use crate::policy::rules::Action;
use crate::policy::tiers;
use crate::policy::viewer::Viewer;
use std::marker::PhantomData;

/// May the viewer write an entry of this tier into a handoff, for their own agency, `home`?
pub fn note(
    viewer: &Viewer,
    home: &Organization,
    of: &Handoff,
    id: HandoffEntryId,
    tier: Tier,
) -> Result<Permit<NoteHandoff>, Refused> {
    let (owner, program) = (own_party(viewer, of)?, home.details.part2_program);
    let writes = |side| viewer.stands_on().all(|grant| tiers::may_write(grant.role, tier, side, program));
    if home.id != owner || !sides_of(of, owner).any(writes) {
        return Err(Refused);
    }
    permit(viewer, Row { noun: Noun::HandoffEntry, key: id.key(), version: 0, region: of.region, owner })
}

/// The permit for what is carried from the packet of a search into an offer of it: whoever may ask, carries.
pub fn carry(of: &Permit<SendHandoff>, id: HandoffEntryId) -> Permit<NoteHandoff> {
    let stamp = Stamp { noun: Noun::HandoffEntry, ..of.stamp };
    Permit { row: id.key(), version: 0, stamp, action: PhantomData }
}

/// May the viewer ask to open these tiers of a handoff for this purpose? What is opened then is each entry's own matter.
pub fn disclose(viewer: &Viewer, of: &Handoff, tiers: &[Tier], purpose: Purpose) -> Result<Permit<Disclose>, Refused> {
    let owner = own_party(viewer, of)?;
    if !tiers.iter().all(|tier| tiers::may_ask(viewer, *tier, purpose)) {
        return Err(Refused);
    }
    permit(viewer, Row { noun: Noun::Handoff, key: of.id.key(), version: of.version, region: of.region, owner })
}

/// May the viewer record a consent in this handoff, or revoke this one?
pub fn keep_consent(
    viewer: &Viewer,
    of: &Handoff,
    id: ConsentId,
    stands: Option<&Consent>,
) -> Result<Permit<KeepConsent>, Refused> {
    let (owner, version) = (own_party(viewer, of)?, stands.map_or(0, |consent| consent.version));
    permit(viewer, Row { noun: Noun::Consent, key: id.key(), version, region: of.region, owner })
}

/// May the viewer tell the log that time has begun or ended what this consent tells?
pub fn tell_consent(viewer: &Viewer, of: &Handoff, consent: &Consent) -> Result<Permit<TellTime>, Refused> {
    let (key, version) = (consent.id.key(), consent.version);
    permit(viewer, Row { noun: Noun::Consent, key, version, region: of.region, owner: consent.recorder })
}

/// Whether a viewer may know of a consent: whoever may keep one, of either party.
pub fn knows_consent(viewer: &Viewer, consent: &Consent) -> bool {
    let own = viewer.organization();
    own.is_some_and(|own| reaches(viewer, None, Action::KeepConsent, consent.region, own))
}

/// The viewer's agency, where it is one of the two that a handoff is between.
fn own_party(viewer: &Viewer, of: &Handoff) -> Result<OrganizationId, Refused> {
    viewer.organization().filter(|own| parties(of).contains(own)).ok_or(Refused)
}

//! Who may write, and who may open, which tier of a handoff: one pure function each, every role, tier, purpose and relation.
//!
//! The published form is `schema/tiers.txt`, generated from here.
use super::rules::{Action, Reach};
use super::viewer::Viewer;
use crate::domain::code::{Coded, codes};
use crate::domain::id::OrganizationId;
use crate::domain::organization::{OrganizationDetails, OrganizationKind};
use crate::domain::role::Role;
use crate::domain::sealed::{Consent, EntryFacts, Purpose, Side, Standing, Tier};
use crate::domain::time::At;

codes! {
    /// How an entry came to be, from where the reader stands.
    Relation {
        /// The reader wrote it.
        Author "author",
        /// Somebody of the reader's agency wrote it.
        Colleague "colleague",
        /// The other party wrote it.
        Other "other",
    }
    /// Whether an entry is opened.
    Leave {
        /// It is not.
        No "-",
        /// It is, under a standing consent of the person.
        Consent "consent",
        /// It is.
        Yes "yes",
    }
}

/// What is asked to be opened.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// By whom.
    pub role: Role,
    /// Which tier.
    pub tier: Tier,
    /// For what.
    pub purpose: Purpose,
    /// Whose entry.
    pub relation: Relation,
    /// Whether 42 CFR Part 2 protects it.
    pub part2: bool,
}

/// How far an action on what is sealed reaches, whatever its tier.
pub(super) fn reach(role: Role, action: Action) -> Reach {
    use Role as R;
    match (action, role) {
        (Action::ReadDisclosures, R::AgencyAdmin) => Reach::Agency,
        (Action::ReadDisclosures, _) => Reach::Nowhere,
        (Action::NoteHandoff | Action::Disclose, R::Officer | R::Ems) => Reach::Agency,
        (Action::NoteHandoff, R::Peer) => Reach::Nowhere,
        (_, R::EmergencyDepartment | R::Intake | R::MobileTeam | R::Line988 | R::Peer) => Reach::Agency,
        _ => Reach::Nowhere,
    }
}

/// Whether a role writes a tier, for the party that its agency is, at a program under 42 CFR Part 2 or elsewhere.
pub fn may_write(role: Role, tier: Tier, side: Side, program: bool) -> bool {
    use Role as R;
    match (role, tier) {
        (R::Officer, Tier::Identity | Tier::Clinical | Tier::Legal) => side == Side::Sender,
        (R::Ems, Tier::Identity | Tier::Clinical) => true,
        (R::EmergencyDepartment | R::Intake | R::Line988, Tier::Identity | Tier::Clinical | Tier::Legal) => true,
        (R::MobileTeam, Tier::Identity | Tier::Clinical) => true,
        (R::EmergencyDepartment | R::Intake | R::MobileTeam | R::Line988, Tier::Part2) => program,
        (R::Officer | R::Ems, Tier::Part2)
        | (R::Ems | R::MobileTeam, Tier::Legal)
        | (_, Tier::Outcome | Tier::Threat) => false,
        (R::Dispatcher | R::Peer | R::Advocate | R::Council | R::Analyst | R::AgencyAdmin | R::HubOperator, _) => false,
    }
}

/// Whether an entry is opened for a role.
///
/// Police are not those who treat (45 CFR 164.512): an officer reads again what they wrote, and nothing else. Peers are told
/// what the person agrees to. Nobody outside a program reads its records without consent, for whatever purpose (42 CFR 2.13).
pub fn may_open(asked: Asked) -> Leave {
    use Role as R;
    let Asked { role, tier, purpose, relation, part2 } = asked;
    let leave = match role {
        // What became of the person is no entry, and a threat is read at the agency that was told.
        _ if !Tier::SEALED.contains(&tier) => Leave::No,
        // Without anybody's consent, and nothing but what needs it otherwise.
        _ if purpose == Purpose::MedicalEmergency => return in_emergency(role, tier),
        R::Officer => Leave::No,
        R::Ems => match (purpose, tier) {
            (Purpose::Treatment | Purpose::Safety, Tier::Identity | Tier::Clinical | Tier::Legal) => Leave::Yes,
            _ => Leave::No,
        },
        R::EmergencyDepartment | R::Intake | R::MobileTeam => provider(tier, purpose),
        // A kind of hold and its end are told by voice: there is no shorter form of a sealed text.
        R::Line988 if tier == Tier::Legal => Leave::No,
        R::Line988 => provider(tier, purpose),
        R::Peer => match (purpose, tier) {
            (Purpose::CareCoordination, Tier::Identity | Tier::Clinical | Tier::Part2) => Leave::Consent,
            _ => Leave::No,
        },
        R::Dispatcher | R::Advocate | R::Council | R::Analyst | R::AgencyAdmin | R::HubOperator => Leave::No,
    };
    let wrote = relation == Relation::Author && purpose == Purpose::OwnRecord;
    match relation {
        Relation::Author if wrote && writes(role, tier) => Leave::Yes,
        // Within a program its people tell each other (42 CFR 2.12(c)(3)).
        Relation::Author | Relation::Colleague => leave,
        Relation::Other if part2 => leave.min(Leave::Consent),
        Relation::Other => leave,
    }
}

/// Whether a role is medical personnel at an agency (42 CFR 2.51): whoever takes people in is where people are treated, and not
/// at a peers' house; and nobody is at an agency of criminal justice, whatever their role there.
pub fn is_medical(role: Role, at: &OrganizationDetails) -> bool {
    let takes_in = role != Role::Intake || at.kind != OrganizationKind::PeerRun;
    may_be_medical(role) && takes_in && !at.is_of_justice()
}

fn may_be_medical(role: Role) -> bool {
    matches!(role, Role::EmergencyDepartment | Role::Ems | Role::Intake)
}

/// What of a program's records is opened in a medical emergency, and for whom: one agency at a time is looked at where it is asked.
fn in_emergency(role: Role, tier: Tier) -> Leave {
    if may_be_medical(role) && matches!(tier, Tier::Clinical | Tier::Part2) { Leave::Yes } else { Leave::No }
}

fn provider(tier: Tier, purpose: Purpose) -> Leave {
    match (purpose, tier) {
        (Purpose::Treatment | Purpose::CareCoordination, _) => Leave::Yes,
        (Purpose::Safety, Tier::Identity | Tier::Clinical | Tier::Legal) => Leave::Yes,
        (Purpose::Safety, Tier::Part2 | Tier::Outcome | Tier::Threat)
        | (Purpose::OwnRecord | Purpose::MedicalEmergency, _) => Leave::No,
    }
}

/// Whether a role ever writes a tier.
fn writes(role: Role, tier: Tier) -> bool {
    [Side::Sender, Side::Receiver].iter().any(|side| may_write(role, tier, *side, true))
}

/// Whether a consent lets a role be told an entry of `from`, at the agency `to`.
pub fn covers(consent: &Consent, asked: Asked, (from, to): (OrganizationId, OrganizationId), now: At) -> bool {
    use crate::domain::sealed::ConsentKind as K;
    let terms = &consent.terms;
    let kind = match (terms.kind, asked.part2 || asked.tier == Tier::Part2, asked.role) {
        (K::Part2Specific, ..) => true,
        // Payment and operations are no peer's.
        (K::Part2Tpo, _, role) => role != Role::Peer,
        (K::Peer, part2, Role::Peer) => !part2,
        _ => false,
    };
    kind && consent.stands(now)
        && terms.from == from
        && terms.to.contains(&to)
        && terms.tiers.contains(&asked.tier)
        && terms.purposes.contains(&asked.purpose)
}

/// How an entry stands to a viewer.
pub fn relation(viewer: &Viewer, entry: &EntryFacts) -> Relation {
    match (viewer.grant_id() == Some(entry.grant), viewer.organization() == Some(entry.author)) {
        (true, _) => Relation::Author,
        (false, true) => Relation::Colleague,
        (false, false) => Relation::Other,
    }
}

/// Whether anything is opened in an emergency while a handoff stands so: an emergency is now, and what ended a day ago or more is
/// asked for as for any treatment.
pub fn opens_in_emergency(standing: Standing) -> bool {
    standing.opens() && standing != Standing::Kept
}

/// Whether an entry is opened for a role while its handoff stands so.
pub fn may_open_while(standing: Standing, asked: Asked) -> Leave {
    let opens = match asked.purpose {
        Purpose::MedicalEmergency => opens_in_emergency(standing),
        _ => standing.opens(),
    };
    if opens { may_open(asked) } else { Leave::No }
}

/// Whether something is opened for a viewer: as little as for any grant that they stand on.
pub fn leave(
    viewer: &Viewer,
    standing: Standing,
    tier: Tier,
    purpose: Purpose,
    relation: Relation,
    part2: bool,
) -> Leave {
    let asked = |role| Asked { role, tier, purpose, relation, part2 };
    let each = viewer.stands_on().map(|grant| may_open_while(standing, asked(grant.role)));
    each.min().unwrap_or(Leave::No)
}

/// Whether a viewer could be told anything of a tier for a purpose, whoever wrote it and however its handoff stands.
pub fn may_ask(viewer: &Viewer, tier: Tier, purpose: Purpose) -> bool {
    let leave = |relation| leave(viewer, Standing::UnderWay, tier, purpose, relation, false);
    Relation::ALL.iter().any(|relation| leave(*relation) != Leave::No)
}

/// Whether a viewer may know that an entry is there: whoever could be told what it says without asking the person, since that
/// a program has written something is a record of the program's.
pub fn may_know(viewer: &Viewer, standing: Standing, entry: &EntryFacts) -> bool {
    let relation = relation(viewer, entry);
    let leave = |purpose| leave(viewer, standing, entry.tier, purpose, relation, entry.part2);
    // In an emergency one opens; one does not look around beforehand.
    let purposes = Purpose::ALL.iter().filter(|purpose| **purpose != Purpose::MedicalEmergency);
    purposes.into_iter().any(|purpose| leave(*purpose) == Leave::Yes)
}

/// The table as published.
pub fn table() -> String {
    let mut text = String::from(
        "# Who may write and who may open which tier of a handoff, as it stands. Generated: crisis-hub schema --tiers > schema/tiers.txt\n\
         # Only roles of its two agencies. `writes`: as the sender, as the receiver; * at a program under 42 CFR Part 2 alone.\n\
         # Then, for each purpose, four letters: what they wrote themselves, what their agency wrote, what the other agency\n\
         # wrote, and what the other agency wrote that 42 CFR Part 2 protects. y opened, c under a standing consent of the\n\
         # person, - not, . there is no such entry. Roles that are not here do neither.\n\
         # MEDICAL_EMERGENCY: one handoff, once, with an account of it, where another agency of it is a program; INTAKE not at a\n\
         # peers' house, and nobody at an agency of criminal justice.\n\
         # How it stands, for the agency that asks:\n",
    );
    for standing in Standing::ALL {
        text.push_str(&format!("#   {:11}{}\n", standing.code(), standing.doc()));
    }
    text.push_str(&format!("\n{:49}{}\n", "", heads()));
    for role in Role::ALL.iter().filter(|role| acts(**role)) {
        for tier in &Tier::SEALED {
            text.push_str(&line(*role, *tier, "writes", |standing| writes_as(*role, *tier, standing)));
            for purpose in Purpose::ALL {
                text.push_str(&line(*role, *tier, purpose.code(), |standing| {
                    opens_as(*role, *tier, *purpose, standing)
                }));
            }
        }
        text.push('\n');
    }
    text
}

/// One cell for each way that a handoff stands, below each other.
fn cells(cell: impl Fn(Standing) -> String) -> String {
    let mut cells = String::new();
    for standing in Standing::ALL {
        cells.push_str(&format!("{:11}", cell(*standing)));
    }
    cells.trim_end().to_owned()
}

fn heads() -> String {
    cells(|standing| standing.code().to_owned())
}

fn line(role: Role, tier: Tier, what: &str, cell: impl Fn(Standing) -> String) -> String {
    format!("{:21}{:9} {what:18}{}\n", role.code(), tier.code(), cells(cell))
}

/// Whether a role writes a tier, as the sender and as the receiver.
fn writes_as(role: Role, tier: Tier, standing: Standing) -> String {
    let write = |side| match (may_write(role, tier, side, false), may_write(role, tier, side, true)) {
        _ if !standing.takes_notes() => '-',
        (true, _) => 'y',
        (false, true) => '*',
        (false, false) => '-',
    };
    [Side::Sender, Side::Receiver].map(write).iter().collect()
}

/// Whether a role opens a tier for a purpose, by whose entry it is.
fn opens_as(role: Role, tier: Tier, purpose: Purpose, standing: Standing) -> String {
    let of_program = tier == Tier::Part2;
    let open = |(relation, part2)| match may_open_while(standing, Asked { role, tier, purpose, relation, part2 }) {
        _ if relation == Relation::Other && of_program && !part2 => '.',
        Leave::No => '-',
        Leave::Consent => 'c',
        Leave::Yes => 'y',
    };
    let of = [(Relation::Author, of_program), (Relation::Colleague, of_program), (Relation::Other, false)];
    of.into_iter().chain([(Relation::Other, true)]).map(open).collect()
}

/// Whether a role does anything with any tier.
fn acts(role: Role) -> bool {
    let opens = |tier: &Tier, purpose: &Purpose| {
        let leave = |relation: &Relation| {
            may_open(Asked { role, tier: *tier, purpose: *purpose, relation: *relation, part2: false })
        };
        Relation::ALL.iter().any(|relation| leave(relation) != Leave::No)
    };
    Tier::ALL.iter().any(|tier| writes(role, *tier) || Purpose::ALL.iter().any(|purpose| opens(tier, purpose)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> impl Iterator<Item = Asked> {
        let asked = |role: &'static Role| {
            Tier::ALL.iter().flat_map(move |tier| {
                Purpose::ALL.iter().flat_map(move |purpose| {
                    Relation::ALL.iter().flat_map(move |relation| {
                        [false, true].map(|part2| Asked {
                            role: *role,
                            tier: *tier,
                            purpose: *purpose,
                            relation: *relation,
                            part2,
                        })
                    })
                })
            })
        };
        Role::ALL.iter().flat_map(asked)
    }

    #[test]
    fn police_open_what_they_wrote_and_nothing_else() {
        for asked in every().filter(|asked| asked.role == Role::Officer) {
            let own = asked.relation == Relation::Author && asked.purpose == Purpose::OwnRecord;
            let theirs = matches!(asked.tier, Tier::Identity | Tier::Clinical | Tier::Legal);
            assert_eq!(may_open(asked) != Leave::No, own && theirs, "{asked:?}");
        }
    }

    #[test]
    fn no_record_of_a_program_leaves_it_without_consent() {
        for asked in every().filter(|asked| asked.relation == Relation::Other && asked.part2) {
            let emergency = asked.purpose == Purpose::MedicalEmergency && may_be_medical(asked.role);
            assert!(may_open(asked) != Leave::Yes || emergency, "{asked:?}");
        }
    }

    #[test]
    fn in_an_emergency_medical_personnel_open_what_a_program_wrote_and_nobody_else_anything() {
        use Role as R;
        for asked in every().filter(|asked| asked.purpose == Purpose::MedicalEmergency) {
            let medical = matches!(asked.role, R::EmergencyDepartment | R::Ems | R::Intake);
            let opens = medical && matches!(asked.tier, Tier::Clinical | Tier::Part2);
            assert_eq!(may_open(asked), if opens { Leave::Yes } else { Leave::No }, "{asked:?}");
        }
    }

    #[test]
    fn medical_personnel_are_where_people_are_treated() {
        use Role as R;
        let agency = |kind, criminal_justice_agency| OrganizationDetails {
            name: "Amber".into(),
            kind,
            part2_program: false,
            covered_entity: true,
            criminal_justice_agency,
            coordinating: false,
        };
        for (role, kind) in R::ALL.iter().flat_map(|role| OrganizationKind::ALL.iter().map(move |kind| (*role, *kind)))
        {
            let justice = matches!(kind, OrganizationKind::LawEnforcement | OrganizationKind::CourtJail);
            let medical = match role {
                R::EmergencyDepartment | R::Ems => !justice,
                R::Intake => !justice && kind != OrganizationKind::PeerRun,
                _ => false,
            };
            assert_eq!(is_medical(role, &agency(kind, false)), medical, "{role:?} at {kind:?}");
            // A tribal agency may run everything: where that is police, its ambulance is theirs.
            assert!(!is_medical(role, &agency(kind, true)), "{role:?} at {kind:?}, of criminal justice");
        }
    }

    #[test]
    fn in_an_emergency_nothing_is_opened_that_ended_a_day_ago() {
        for asked in every().filter(|asked| asked.purpose == Purpose::MedicalEmergency) {
            for standing in Standing::ALL {
                let opens = matches!(standing, Standing::Asked | Standing::UnderWay | Standing::Ended);
                let leave = if opens { may_open(asked) } else { Leave::No };
                assert_eq!(may_open_while(*standing, asked), leave, "{asked:?} {standing:?}");
            }
        }
    }

    #[test]
    fn those_who_do_not_treat_open_nothing() {
        use Role as R;
        for asked in every() {
            let role = asked.role;
            if matches!(role, R::Dispatcher | R::Advocate | R::Council | R::Analyst | R::AgencyAdmin | R::HubOperator) {
                assert_eq!(may_open(asked), Leave::No, "{asked:?}");
                assert!(!acts(role));
            }
            if asked.purpose == Purpose::Treatment && matches!(role, R::Officer | R::Peer) {
                assert_eq!(may_open(asked), Leave::No, "{asked:?}");
            }
        }
    }

    #[test]
    fn program_records_are_written_at_programs_alone() {
        for role in Role::ALL {
            for side in [Side::Sender, Side::Receiver] {
                assert!(!may_write(*role, Tier::Part2, side, false), "{role:?}");
            }
            assert!(!may_write(*role, Tier::Identity, Side::Receiver, true) || *role != Role::Officer);
        }
    }

    #[test]
    fn whoever_writes_a_tier_reads_their_own_again() {
        for (role, tier) in Role::ALL.iter().flat_map(|role| Tier::ALL.iter().map(move |tier| (*role, *tier))) {
            let own = Asked { role, tier, purpose: Purpose::OwnRecord, relation: Relation::Author, part2: true };
            assert_eq!(may_open(own) == Leave::Yes, writes(role, tier), "{role:?} {tier:?}");
        }
    }
}

use super::*;
use crate::domain::code::Coded;

#[test]
fn the_table_has_every_cell() {
    let table = table();
    let cells = table.lines().filter(|line| line.starts_with("  ")).count();
    assert_eq!(cells, Action::ALL.len() * (Role::ALL.len() + Machine::ALL.len()) + Role::ALL.len());
}

#[test]
fn police_and_council_never_see_a_census() {
    for role in [Role::Officer, Role::Dispatcher, Role::Ems, Role::Council, Role::Advocate] {
        assert_eq!(reach(role, Action::ReadCensus), Reach::Nowhere);
        assert_eq!(reach(role, Action::ReportBeds), Reach::Nowhere);
    }
}

#[test]
fn a_coordinator_reaches_no_less_than_others() {
    for (role, action) in Role::ALL.iter().flat_map(|role| Action::ALL.iter().map(move |action| (*role, *action))) {
        assert!(coordinator_reach(role, action) >= reach(role, action), "{role:?} {action:?}");
    }
}

#[test]
fn nobody_at_a_criminal_justice_agency_is_shown_what_those_who_treat_are_shown() {
    let agency = |kind, criminal_justice_agency| OrganizationDetails {
        name: "A".into(),
        kind,
        part2_program: false,
        covered_entity: false,
        criminal_justice_agency,
        coordinating: false,
    };
    let police = [OrganizationKind::LawEnforcement, OrganizationKind::CourtJail].map(|kind| agency(kind, false));
    for role in Role::ALL {
        let shown = reach(*role, Action::ReadCensus) != Reach::Nowhere
            || reach(*role, Action::ReadAvailability).max(Reach::Agency) > Reach::Agency;
        let shown = shown && *role != Role::AgencyAdmin;
        for agency in police.iter().chain([&agency(OrganizationKind::Tribal, true)]) {
            assert!(!(shown && fits(*role, agency)), "{role:?} at {:?}", agency.kind);
        }
        assert!(fits(*role, &agency(OrganizationKind::Tribal, false)), "{role:?}");
        assert!(OrganizationKind::ALL.iter().any(|kind| fits(*role, &agency(*kind, false))), "{role:?}");
    }
}

#[test]
fn no_role_does_a_machines_work() {
    for role in Role::ALL {
        assert_eq!(reach(*role, Action::TellTime), Reach::Nowhere);
        assert_eq!(reach(*role, Action::PlaceCall), Reach::Nowhere);
        assert_eq!(reach(*role, Action::ShredText), Reach::Nowhere);
    }
}

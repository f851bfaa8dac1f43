//! Permits of those who coordinate a region: to look on, and to remind.
use super::{NudgeHandoff, Permit, ReadOpenEpisodes, Refused, Row, permit_with, reaches};
use crate::domain::handoff::{Handoff, Party};
use crate::domain::id::{GlobalId, OrganizationId};
use crate::domain::organization::Organization;
use crate::policy::rules::Action;
use crate::policy::viewer::Viewer;
use crate::policy::{Reach, Stamp};
use std::marker::PhantomData;

/// May the viewer be shown this row of `owner`'s, whose agency is `home`, because it coordinates the region? To look changes
/// nothing, so a token that changes nothing looks too.
pub fn look(
    viewer: &Viewer,
    home: &Organization,
    owner: OrganizationId,
    row: GlobalId,
) -> Result<Permit<ReadOpenEpisodes>, Refused> {
    let coordinator = home.watches_region();
    let reach = viewer.reach_with(Action::ReadOpenEpisodes, coordinator);
    if viewer.organization() != Some(home.id) || coordinator.is_none() || reach != Reach::Region {
        return Err(Refused);
    }
    let (grant, machine, action) = (viewer.grant_id(), viewer.as_machine(), Action::ReadOpenEpisodes);
    let stamp = Stamp { grant, machine, action, noun: row.noun, owner };
    Ok(Permit { row: row.key, version: 0, stamp, action: PhantomData })
}

/// May the viewer, whose agency is `home`, remind the party of this handoff whose word is awaited, and as which party? A
/// coordinator is none. The audit keeps it with the agency that did it, or with the one that a coordinator reminded.
pub fn nudge(
    viewer: &Viewer,
    home: &Organization,
    of: &Handoff,
) -> Result<(Option<Party>, Permit<NudgeHandoff>), Refused> {
    let awaited = of.awaits();
    let own = |party: &Party| {
        let agency = if *party == Party::Sender { of.sender } else { of.receiver };
        viewer.organization() == Some(agency) && reaches(viewer, None, Action::NudgeHandoff, of.region, agency)
    };
    let mut parties = [Party::Sender, Party::Receiver].into_iter().filter(own);
    // Where an agency is both, it speaks for the side that waits.
    let party = parties.clone().find(|party| Some(*party) != awaited).or_else(|| parties.next());
    let told = if awaited == Some(Party::Sender) { of.sender } else { of.receiver };
    let owner = if party.is_some() { home.id } else { told };
    let coordinator = home.watches_region().filter(|_| party.is_none());
    if viewer.organization() != Some(home.id) {
        return Err(Refused);
    }
    let id = GlobalId::from(of.id);
    let row = Row { noun: id.noun, key: id.key, version: of.version, region: of.region, owner };
    Ok((party, permit_with(viewer, coordinator, row)?))
}

#[cfg(test)]
mod tests {
    use crate::domain::code::Coded;
    use crate::domain::role::Role;
    use crate::policy::rules::{Action, Reach, coordinator_reach, reach};

    #[test]
    fn only_those_who_care_or_dispatch_follow_the_searches_of_others_and_only_at_a_coordinator() {
        use Role as R;
        let follow = [R::EmergencyDepartment, R::Intake, R::MobileTeam, R::Line988, R::Dispatcher];
        for role in Role::ALL {
            assert_eq!(reach(*role, Action::ReadOpenEpisodes), Reach::Nowhere, "{role:?}");
            let there = coordinator_reach(*role, Action::ReadOpenEpisodes);
            assert_eq!(there == Reach::Region, follow.contains(role), "{role:?}");
            assert_eq!(
                coordinator_reach(*role, Action::NudgeHandoff) == Reach::Region,
                follow.contains(role),
                "{role:?}"
            );
        }
    }
}

//! Emergency departments in which people wait for a bed: up to three receivers are asked at once, the person's preference
//! decides, and the person is brought there. Mobile teams that introduce somebody to a peer house do the same.
use super::crew::{DRIVE_SECONDS_MIN, go, standing};
use super::{Actor, MILLIONS, Stage};
use crate::app::episode::{self, EpisodeFilter};
use crate::app::handoff::{self, CloseEpisode, OfferHandoff, OfferTo};
use crate::app::{Error, Hub};
use crate::demo::staff::{self, stands, viewer};
use crate::demo::world::{Living, Loaded};
use crate::domain::episode::{EpisodeEnd, EpisodeState};
use crate::domain::handoff::{
    Choice, ChosenFor, ContactKind, Destination, Door, HandoffState, Move, Party, TransportMode, TransportWord,
    WhatChanged,
};
use crate::domain::id::{EpisodeId, OrganizationId};
use crate::domain::need::{Acuity, LegalStatus, MedicalScreening, Need, WithdrawalRisk};
use crate::domain::pathway::{PathwayDetails, PathwayMode};
use crate::domain::role::Role;
use crate::domain::time::At;
use crate::policy::view::HandoffView;
use crate::policy::{Scope, Viewer};
use futures_util::future::BoxFuture;

/// People a day who wait in an emergency department, for each million.
const BOARDING_A_DAY: i64 = 11;
/// How often a department looks after those who wait, in minutes.
const LOOK_MINUTES: i64 = 10;
/// Whose preference decides, most common first.
const CHOSEN_FOR: [ChosenFor; 4] = [ChosenFor::Person, ChosenFor::Person, ChosenFor::Guardian, ChosenFor::Distance];

/// People a day who are introduced to a peer house, for each million.
const INTRODUCED_A_DAY: i64 = 4;

/// One emergency department; or the mobile teams of one provider, who introduce.
struct Department {
    subject: String,
    agency: OrganizationId,
    introduces: bool,
    wards: Vec<Living>,
    /// Of a thousand looks, how many begin a search.
    begins_of_thousand: i64,
}

/// Every invented emergency department, and the invented wards that it asks.
pub(super) fn all(loaded: &Loaded) -> Vec<Box<dyn Actor>> {
    let asked = |unit: &&Living| !unit.drop_off && unit.reporter.starts_with(&staff::staff("invented:"));
    let wards: Vec<Living> = loaded.units.iter().filter(asked).cloned().collect();
    let agency = |key: &String| loaded.organizations.get(key).map(|(id, _)| *id);
    let asking: Vec<_> =
        staff::departments().filter_map(|key| Some((staff::department(&key), agency(&key)?, false))).collect();
    let teams = staff::crews().filter(|(_, role)| *role == Role::MobileTeam);
    let introducing: Vec<_> = teams.filter_map(|(key, _)| Some((staff::crew(&key), agency(&key)?, true))).collect();
    let begins = |many: usize, a_day: i64| {
        let looks = i64::try_from(many).unwrap_or(0).max(1) * 24 * 60 / LOOK_MINUTES;
        MILLIONS * a_day * 1_000 / looks
    };
    let (boarding, introduced) = (begins(asking.len(), BOARDING_A_DAY), begins(introducing.len(), INTRODUCED_A_DAY));
    let of = |(subject, agency, introduces)| {
        let begins_of_thousand = if introduces { introduced } else { boarding };
        Department { subject, agency, introduces, wards: wards.clone(), begins_of_thousand }
    };
    asking.into_iter().chain(introducing).map(|one| Box::new(of(one)) as Box<dyn Actor>).collect()
}

impl Department {
    async fn look(&self, hub: &Hub, stage: &mut Stage<'_>) -> Result<(), Error> {
        let viewer = viewer(hub, &self.subject).await?;
        self.go_on(hub, &viewer, stage).await?;
        self.seek(hub, &viewer, stage).await?;
        if stage.dice.between(1, 1_000) <= self.begins_of_thousand {
            self.ask(hub, &viewer, stage, None).await?;
        }
        Ok(())
    }

    /// Those for whom a place is found set out, come, and are handed over.
    async fn go_on(&self, hub: &Hub, viewer: &Viewer, stage: &mut Stage<'_>) -> Result<(), Error> {
        let ours = [
            HandoffState::Offered,
            HandoffState::NeedsInformation,
            HandoffState::Accepted,
            HandoffState::EnRoute,
            HandoffState::Received,
        ];
        let left_before = stage.now.plus_micros(-DRIVE_SECONDS_MIN * 1_000_000 / stage.pace);
        for view in standing(hub, viewer, (Party::Sender, self.agency), &ours).await? {
            let (times, chance) = (view.handoff().times, stage.dice.between(1, 10));
            let to = match view.handoff().state {
                _ if chance == 1 => continue,
                HandoffState::Accepted if view.transport().is_none() => Move::Drive(self.drives()),
                HandoffState::Offered if self.introduces && !has_called(&view) => {
                    Move::Contact(ContactKind::ThreeWayCall)
                }
                HandoffState::NeedsInformation => Move::Answer,
                HandoffState::Accepted if chance <= 5 => Move::Depart,
                HandoffState::EnRoute if times.departed_at.is_some_and(|left| left <= left_before) => Move::Arrive,
                HandoffState::Received => Move::Confirm(Door { restraint_used: Some(false), ..Door::default() }),
                _ => continue,
            };
            go(hub, viewer, &view, to).await?;
        }
        Ok(())
    }

    fn drives(&self) -> TransportWord {
        let mode = if self.introduces { TransportMode::MobileTeam } else { TransportMode::Ems };
        TransportWord { mode, provider: None, assigned: true, pick_up_minutes: 45 }
    }

    /// Chooses where somebody said yes, and asks elsewhere where nobody is left who might.
    async fn seek(&self, hub: &Hub, viewer: &Viewer, stage: &mut Stage<'_>) -> Result<(), Error> {
        let seeking = EpisodeFilter { states: Some(vec![EpisodeState::Seeking]), ..EpisodeFilter::default() };
        let mut found = episode::list(hub, viewer, &seeking, (None, None), 50, false).await?;
        found.reverse();
        for view in found {
            let id = view.episode().id;
            let asked = episode::handoffs(hub, viewer, &[id]).await?.remove(&id).unwrap_or_default();
            let yes = |one: &&HandoffView| one.handoff().state == HandoffState::Agreed;
            if let Some(agreed) = asked.iter().find(yes) {
                let chosen_for = stage.dice.of(&CHOSEN_FOR).copied();
                go(hub, viewer, agreed, Move::Choose(Choice { chosen_for, conditions_met: true })).await?;
            } else if !asked.iter().any(|one| one.handoff().state.is_live_offer()) {
                if stage.dice.between(1, 12) == 1 {
                    let (reason, expected_version, keyed) = (EpisodeEnd::PersonChoseOtherwise, None, None);
                    handoff::close(hub, viewer, CloseEpisode { episode: id, expected_version, reason, keyed }).await?;
                } else {
                    self.ask(hub, viewer, stage, Some(id)).await?;
                }
            }
        }
        Ok(())
    }

    /// Asks up to three wards for somebody, each by its pathway; full ones too, for a place may become free.
    async fn ask(
        &self,
        hub: &Hub,
        viewer: &Viewer,
        stage: &mut Stage<'_>,
        episode: Option<EpisodeId>,
    ) -> Result<(), Error> {
        let mut wards: Vec<&Living> = self.wards.iter().collect();
        let mut to = Vec::new();
        while let Some(ward) = stage.dice.of(&wards).copied().filter(|_| to.len() < 3) {
            wards.retain(|other| other.id != ward.id);
            to.extend(self.door(hub, viewer, ward, stage.now));
        }
        if to.is_empty() {
            return Ok(());
        }
        let need = Need {
            age: u16::try_from(stage.dice.between(18, 70)).ok(),
            legal_status: Some(LegalStatus::Voluntary),
            medical_screening: Some(MedicalScreening::DoneStable),
            withdrawal_risk: Some(WithdrawalRisk::None),
            vitals_out_of_range: Some(false),
            acuity: self.introduces.then_some(Acuity::Low),
            ..Need::default()
        };
        let (changed, settlement) = (vec![WhatChanged::BehaviorSettled], None);
        let (person_agreed, called, on_behalf_of, keyed) = (Some(true), self.introduces, None, None);
        let offer = OfferHandoff { episode, to, need, person_agreed, settlement, called, changed, on_behalf_of, keyed };
        // What is refused is not taken there, or asked already: somebody has to call.
        handoff::offer(hub, viewer, offer).await.map(drop)
    }

    /// The pathway by which it may ask a ward, or introduce somebody to a house.
    fn door(&self, hub: &Hub, viewer: &Viewer, ward: &Living, now: At) -> Option<OfferTo> {
        let (service, role) = (stands(hub, ward.id)?.definition().service, viewer.role()?);
        let (scope, board) = (Scope::of(viewer), hub.board().now());
        let mut pathways = board.entries::<PathwayDetails>(&scope).map(|pathway| (pathway.id, &pathway.details.terms));
        let found = pathways.find(|(_, terms)| {
            terms.service == service
                && terms.mode == PathwayMode::Request
                && terms.self_referral_call == self.introduces
                && terms.is_open_to(role, now)
        });
        found.map(|(pathway, _)| OfferTo { pathway, to: Destination::Unit(ward.id), arrive_minutes: None })
    }
}

/// Whether the person, the team and the house have spoken.
fn has_called(view: &HandoffView) -> bool {
    let called = |kind| kind == ContactKind::ThreeWayCall;
    view.course().is_some_and(|course| course.contacts.iter().any(|contact| called(contact.kind)))
}

impl Actor for Department {
    fn next(&self, _: &Hub, stage: &mut Stage<'_>) -> Option<At> {
        Some(stage.around(LOOK_MINUTES))
    }

    fn act<'a>(&'a self, hub: &'a Hub, stage: &'a mut Stage<'_>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.look(hub, stage))
    }
}

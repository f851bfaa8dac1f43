//! The hub's verbs, called as the steps say.
use super::bench::{Inside, organization};
use super::compare::Seen;
use super::model::{Agency, Goal, Model, Said};
use super::places::ToHold;
use super::said;
use super::words::{Step, Word};
use crate::house::World;
use crate::house::traffic::{places, reports};
use crisis_hub::app::bed;
use crisis_hub::app::coordinate::{self, NudgeHandoff};
use crisis_hub::app::follow_up::{self, PlanFollowUp, RecordFollowUp};
use crisis_hub::app::handoff::{self, Announce, CloseEpisode, MoveHandoff, OfferHandoff, OfferTo};
use crisis_hub::app::hold::{self, ChangeHold, HoldBed, HoldTo};
use crisis_hub::app::team::{self, SetStatus};
use crisis_hub::app::{episode, sweep};
use crisis_hub::clock::Clock;
use crisis_hub::domain::bed::Census;
use crisis_hub::domain::follow_up::FollowUpTerm;
use crisis_hub::domain::handoff::{
    Acceptance, AcceptanceCondition, AcceptedBy, Choice, DeclineReason, Destination, Door, InformationItem, Move,
    RedirectReason, Refusal, SafetyTrigger, TransportMode, TransportWord, Waitlist, Warmth, WhatChanged,
    WithdrawReason,
};
use crisis_hub::domain::hold::ReleaseReason;
use crisis_hub::domain::id::{BedHoldId, BedUnitId, EpisodeId, FollowUpId, HandoffId, TeamId};
use crisis_hub::domain::need::Need;
use crisis_hub::domain::time::At;
use crisis_hub::policy::Viewer;
use crisis_hub::policy::view::HandoffView;
use std::collections::HashMap;

/// What a sequence has made.
pub struct Real {
    pub(super) began: At,
    pub(super) units: Vec<BedUnitId>,
    pub(super) teams: Vec<TeamId>,
    pub(super) handoffs: Vec<HandoffId>,
    pub(super) searches: Vec<EpisodeId>,
    pub(super) holds: HashMap<usize, BedHoldId>,
    pub(super) follow_ups: HashMap<usize, FollowUpId>,
    pub(super) seen: Seen,
    /// Where the log ended after the last step.
    pub(super) told: i64,
    pub model: Model,
}

impl Real {
    pub(super) fn destination(&self, goal: Goal) -> Destination {
        match goal {
            Goal::Unit(unit) => Destination::Unit(self.units[unit]),
            Goal::Team(team) => Destination::Team(self.teams[team]),
        }
    }
}

fn need() -> Need {
    Need { age: Some(34), ..Need::default() }
}

/// What was seen at the door, all of it by one word.
pub(super) fn door(peer: Option<bool>) -> Door {
    let warmth = peer.map(|peer| if peer { Warmth::WarmInPerson } else { Warmth::Cold });
    Door { warmth, peer_present: peer, restraint_used: peer.map(|peer| !peer) }
}

fn to_move(word: Word, world: &World, now: At) -> Move {
    match word {
        Word::Acknowledge => Move::Acknowledge,
        Word::Ask => Move::Ask(vec![InformationItem::Vitals]),
        Word::Answer => Move::Answer,
        Word::Waitlist(minutes) => Move::Waitlist(Waitlist { position: 2, review_at: now.plus_minutes(minutes) }),
        Word::Accept { depends } => {
            let by = AcceptedBy { name: "Dr. Amber".into(), callback: "555-0100".into() };
            Move::Accept(Acceptance {
                by,
                conditions: if depends { vec![AcceptanceCondition::Papers] } else { vec![] },
            })
        }
        Word::Choose { met } => Move::Choose(Choice { chosen_for: None, conditions_met: met }),
        // Whether the place was shown is the hub's to say, whatever is claimed.
        Word::Decline => Move::Decline(Refusal {
            reason: DeclineReason::Acuity,
            could_accept_if: Vec::new(),
            bed_was_shown_available: now.micros() % 2 == 0,
        }),
        Word::Withdraw => Move::Withdraw(WithdrawReason::NeedChanged),
        Word::Depart => Move::Depart,
        Word::Arrive => Move::Arrive,
        Word::Contact(kind) => Move::Contact(kind),
        Word::AskPolice { agreed } => Move::AskPolice(SafetyTrigger::PersonAsked, agreed),
        Word::Drive(drives) => Move::Drive(TransportWord {
            mode: TransportMode::Ems,
            provider: drives.by.map(|by| organization(world, by)),
            assigned: drives.assigned,
            pick_up_minutes: drives.minutes,
        }),
        Word::Confirm { peer } => Move::Confirm(door(peer)),
        Word::Redirect => Move::Redirect(RedirectReason::Medical, None),
        Word::Fail(why) => Move::Fail(why),
    }
}

impl Inside {
    pub(super) async fn run(&self, real: &mut Real, step: &Step) -> Said {
        let (hub, me) = (&self.hub, self.viewer(Agency::Basalt));
        let search = |search: &Option<usize>| search.map(|search| real.searches[search]);
        match step {
            Step::Report { unit, staffed, occupied } => {
                let census = || Census { occupied: *occupied, ..places(*staffed) };
                let owner = self.viewer(real.model.units[*unit].owner);
                said(bed::report(hub, owner, reports(&[real.units[*unit]], census)).await).0
            }
            Step::Announce { unit, way, search: of, travel, hold } => {
                let input = Announce {
                    pathway: self.way(*way),
                    unit: real.units[*unit],
                    need: need(),
                    arrive_minutes: *travel,
                    on_behalf_of: None,
                    hold: hold.map(|hold| real.holds[&hold]),
                    episode: search(of),
                    keyed: None,
                };
                let (answer, view) = said(handoff::announce(hub, me, input).await);
                if let Some(view) = view {
                    real.handoffs.push(view.handoff().id);
                    if of.is_none() {
                        real.searches.push(view.handoff().episode);
                    }
                }
                answer
            }
            Step::Offer { .. } => self.offer(real, me, step).await,
            Step::Say { by, handoff: which, word, stale } => {
                let viewer = self.viewer(*by);
                let version = real.model.handoffs[*which].version;
                let input = MoveHandoff {
                    handoff: real.handoffs[*which],
                    expected_version: stale.then_some(version + 7),
                    to: to_move(*word, &self.world, self.clock.now()),
                    keyed: None,
                };
                said(handoff::go(hub, viewer, input).await).0
            }
            Step::Close { by, search, why } => {
                let episode = real.searches[*search];
                let input = CloseEpisode { episode, expected_version: None, reason: *why, keyed: None };
                said(handoff::close(hub, self.viewer(*by), input).await).0
            }
            Step::Keep { .. } | Step::ChangeHold { .. } => self.hold(real, me, step).await,
            Step::Nudge { .. } | Step::Plan { .. } | Step::Record { .. } | Step::TeamSays { .. } => {
                self.beside(real, step).await
            }
            Step::Wait(minutes) => {
                self.clock.advance(*minutes);
                Said::done()
            }
            Step::Sweep => {
                sweep::pass(hub).await.unwrap();
                Said::done()
            }
            Step::Pass(minutes) => {
                self.clock.advance(*minutes);
                sweep::pass(hub).await.unwrap();
                Said::done()
            }
        }
    }

    async fn beside(&self, real: &mut Real, step: &Step) -> Said {
        let hub = &self.hub;
        match step {
            Step::Nudge { by, handoff } => {
                let input = NudgeHandoff { handoff: real.handoffs[*handoff], keyed: None };
                said(coordinate::nudge(hub, self.viewer(*by), input).await).0
            }
            Step::Plan { by, handoff, with, hours } => {
                let term = FollowUpTerm { by: *with, within_hours: *hours };
                let input = PlanFollowUp { handoff: real.handoffs[*handoff], term, keyed: None };
                let (answer, view) = said(follow_up::plan(hub, self.viewer(*by), input).await);
                if let Some(view) = view {
                    // The model has planned it last.
                    real.follow_ups.insert(real.model.follow_ups.len() - 1, view.follow_up().id);
                }
                answer
            }
            Step::Record { by, follow_up: which, outcome, stale } => {
                let input = RecordFollowUp {
                    follow_up: real.follow_ups[which],
                    expected_version: stale.then_some(real.model.follow_ups[*which].version + 7),
                    outcome: *outcome,
                    keyed: None,
                };
                said(follow_up::record(hub, self.viewer(*by), input).await).0
            }
            Step::TeamSays { by, team: which, status, free_in } => {
                let (team, status) = (real.teams[*which], *status);
                let input = SetStatus { team, status, free_in_minutes: *free_in, keyed: None };
                said(team::set_status(hub, self.crew(*by), input).await).0
            }
            _ => unreachable!(),
        }
    }

    async fn hold(&self, real: &mut Real, me: &Viewer, step: &Step) -> Said {
        match step {
            Step::Keep { unit, minutes } => {
                let input = HoldBed { unit: real.units[*unit], minutes: Some(*minutes), need: None, keyed: None };
                let (answer, view) = said(hold::place(&self.hub, me, input).await);
                if let Some(view) = view {
                    // The model has placed it last.
                    real.holds.insert(real.model.holds.len() - 1, view.hold().id);
                }
                answer
            }
            Step::ChangeHold { by, hold: which, to } => {
                let to = match to {
                    ToHold::Extend(minutes) => HoldTo::Extend(u32::try_from(*minutes).unwrap()),
                    ToHold::Release => HoldTo::Release(ReleaseReason::PlaceLost),
                    ToHold::Arrive => HoldTo::Arrive,
                };
                let input = ChangeHold { hold: real.holds[which], generation: None, to, keyed: None };
                said(hold::change(&self.hub, self.viewer(*by), input).await).0
            }
            _ => unreachable!(),
        }
    }

    async fn offer(&self, real: &mut Real, me: &Viewer, step: &Step) -> Said {
        let Step::Offer { to, search, settlement, changed } = step else { unreachable!() };
        let receiver =
            |at, way, arrive_minutes| OfferTo { pathway: self.way(way), to: real.destination(at), arrive_minutes };
        let input = OfferHandoff {
            episode: search.map(|search| real.searches[search]),
            to: to.iter().map(|to| receiver(to.goal, to.way, to.travel)).collect(),
            need: need(),
            person_agreed: None,
            settlement: *settlement,
            called: false,
            changed: if *changed { vec![WhatChanged::BehaviorSettled] } else { Vec::new() },
            on_behalf_of: None,
            keyed: None,
        };
        let (answer, view) = said(handoff::offer(&self.hub, me, input).await);
        let Some(view) = view else { return answer };
        let id = view.episode().id;
        if search.is_none() {
            real.searches.push(id);
        }
        let made = episode::handoffs(&self.hub, me, &[id]).await.unwrap().remove(&id).unwrap();
        for to in to {
            // Ids of one instant are in no order; nobody is asked twice at once.
            let new = |view: &&HandoffView| {
                view.handoff().to == real.destination(to.goal) && !real.handoffs.contains(&view.handoff().id)
            };
            let new = made.iter().find(new).expect("an offer was not made").handoff().id;
            real.handoffs.push(new);
        }
        answer
    }
}

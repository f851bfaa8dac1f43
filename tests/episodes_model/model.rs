//! What should be true, in whole minutes: units and the places that they keep, teams and what they say, handoffs and their
//! clocks, the searches that they belong to, and what follows. Written from the design papers and the README, and from nothing
//! that the hub is built of but its codes.
use super::course::Course;
use super::follow_up::FollowUp;
use super::team::Team;
use crisis_hub::app::ProblemCode;
use crisis_hub::domain::episode::{EpisodeEnd, EpisodeState, Settlement};
use crisis_hub::domain::follow_up::FollowUpBy;
use crisis_hub::domain::handoff::{FailReason, HandoffState, Party};
use crisis_hub::domain::hold::HoldState;

/// Whole minutes since a sequence began.
pub type Minutes = i64;

/// Who acts. Basalt seeks places; Amber has most of them; Cedar is in another region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agency {
    Amber,
    Basalt,
    Cedar,
}

/// Who may keep a place on a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    ForAnybody,
    OnAccept,
    Never,
}

/// A way to a service: its mode and its minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Amber's, announced to.
    Door,
    /// Amber's, asked, with time.
    Slow,
    /// Amber's, asked, in a hurry.
    Quick,
    /// Basalt's own.
    Own,
    /// To Amber's teams.
    Van,
    /// To Basalt's own team.
    OwnVan,
}

/// Where a handoff leads: the person goes there, or somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Unit(usize),
    Team(usize),
}

/// What a way allows, in minutes.
#[derive(Clone, Copy, Debug)]
pub struct Allows {
    pub look: Minutes,
    pub decide: Minutes,
    pub arrive: Minutes,
    pub keep: Minutes,
}

/// What a verb says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is done; or why not, problem by problem.
    Problems(Vec<ProblemCode>),
    NotFound,
    Forbidden,
    BadInput,
}

#[derive(Clone, Debug)]
pub struct Unit {
    pub owner: Agency,
    pub keeps: Keeps,
    /// When, how many places have staff, how many are in use.
    pub report: Option<(Minutes, u32, u32)>,
    /// The holds on which people came since.
    pub came: Vec<usize>,
}

/// A place that is kept.
#[derive(Clone, Debug)]
pub struct Hold {
    pub unit: usize,
    pub placed: Minutes,
    pub until: Minutes,
    pub state: HoldState,
    /// For somebody who is on the way, or was said yes to; otherwise a try.
    pub of_handoff: bool,
}

/// What was asked, and what the answers were.
#[derive(Clone, Debug)]
pub struct Asked {
    pub first_accept: bool,
    pub allows: Allows,
    /// How long the way takes, as the sender said or the pathway says.
    pub travel: Minutes,
    pub decide_by: Minutes,
    /// What was left to decide when the receiver asked for something.
    pub left: Option<Minutes>,
    pub depends: bool,
    pub shown_free: Option<bool>,
}

#[derive(Clone, Debug)]
pub struct Handoff {
    pub search: usize,
    pub goal: Goal,
    pub way: Way,
    pub version: i64,
    pub asked: Option<Asked>,
    pub state: HandoffState,
    pub arrive_by: Minutes,
    pub due: Option<Minutes>,
    pub late: bool,
    pub hold: Option<usize>,
    pub course: Course,
    /// When the person was under way; at the latest at the door.
    pub set_out: Option<Minutes>,
    /// Somebody was at the door.
    pub arrived: bool,
    /// Why somebody said that it failed.
    pub failed: Option<FailReason>,
    /// The hub took it back: another was chosen.
    pub lost: bool,
    /// By when somebody is named who answers for having sent on a person that was announced.
    pub named_by: Option<Minutes>,
}

#[derive(Clone, Debug)]
pub struct Search {
    pub version: i64,
    pub settlement: Settlement,
    pub state: EpisodeState,
    pub settled_by: Option<usize>,
    pub end: Option<EpisodeEnd>,
    pub opened: Minutes,
    pub sought: Minutes,
    pub waited_hours: i64,
    pub due: Option<Minutes>,
}

#[derive(Clone, Debug)]
pub struct Model {
    pub now: Minutes,
    pub units: Vec<Unit>,
    pub teams: Vec<Team>,
    pub holds: Vec<Hold>,
    pub handoffs: Vec<Handoff>,
    pub searches: Vec<Search>,
    pub follow_ups: Vec<FollowUp>,
}

/// The unit's interval: after twice as long its number is believed by nobody.
pub const INTERVAL: Minutes = 60;
/// A week of silence ends a search.
const WEEK_HOURS: i64 = 168;

impl Default for Model {
    fn default() -> Self {
        let unit = |owner, keeps| Unit { owner, keeps, report: None, came: Vec::new() };
        let units = vec![
            unit(Agency::Amber, Keeps::ForAnybody),
            unit(Agency::Amber, Keeps::OnAccept),
            unit(Agency::Amber, Keeps::Never),
            unit(Agency::Basalt, Keeps::OnAccept),
        ];
        let teams = [Agency::Amber, Agency::Amber, Agency::Basalt].map(Team::new).into();
        let (holds, handoffs, searches, follow_ups) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { now: 0, units, teams, holds, handoffs, searches, follow_ups }
    }
}

impl Said {
    pub fn done() -> Self {
        Self::Problems(Vec::new())
    }

    pub fn refused(code: ProblemCode) -> Self {
        Self::Problems(vec![code])
    }
}

impl Way {
    pub const ALL: [Self; 6] = [Self::Door, Self::Slow, Self::Quick, Self::Own, Self::Van, Self::OwnVan];

    pub fn owner(self) -> Agency {
        if matches!(self, Self::Own | Self::OwnVan) { Agency::Basalt } else { Agency::Amber }
    }

    pub fn is_to_teams(self) -> bool {
        matches!(self, Self::Van | Self::OwnVan)
    }

    pub fn is_announced(self) -> bool {
        self == Self::Door
    }

    pub fn allows(self) -> Allows {
        match self {
            Self::Door | Self::Slow | Self::Own => Allows { look: 30, decide: 60, arrive: 120, keep: 30 },
            Self::Quick => Allows { look: 10, decide: 20, arrive: 40, keep: 15 },
            Self::Van | Self::OwnVan => Allows { look: 3, decide: 12, arrive: 40, keep: 0 },
        }
    }

    /// What follows when the person is in care: by whom, within how many hours.
    pub fn follows(self) -> &'static [(FollowUpBy, u32)] {
        match self {
            Self::Door => &[(FollowUpBy::Clinic, 24)],
            Self::Slow => &[(FollowUpBy::Peer, 24), (FollowUpBy::Clinic, 72)],
            Self::Van => &[(FollowUpBy::Team, 2)],
            Self::Quick | Self::Own | Self::OwnVan => &[],
        }
    }
}

/// An offer that nothing has settled.
pub fn is_asked(state: HandoffState) -> bool {
    use HandoffState as S;
    matches!(state, S::Offered | S::Acknowledged | S::NeedsInformation | S::Waitlisted | S::Agreed)
}

/// Whose word is next; nobody's at the end. What follows a transfer goes on from here.
pub fn awaits(state: HandoffState) -> Option<Party> {
    use HandoffState as S;
    match state {
        S::Offered | S::Acknowledged | S::Waitlisted | S::Arrived | S::HandedOver => Some(Party::Receiver),
        S::NeedsInformation | S::Agreed | S::Accepted | S::EnRoute | S::Received => Some(Party::Sender),
        _ => None,
    }
}

/// Whether the receiver has said that it has the person.
pub fn is_in_care(state: HandoffState) -> bool {
    matches!(state, HandoffState::Received | HandoffState::Transferred)
}

/// Whether it is settled that somebody goes there, and nothing has undone it.
pub fn is_settlement(state: HandoffState) -> bool {
    use HandoffState as S;
    matches!(state, S::Accepted | S::EnRoute | S::Arrived | S::HandedOver | S::Received | S::Transferred)
}

impl Handoff {
    /// On the way, asked or announced.
    pub fn new((goal, way): (Goal, Way), search: usize, state: HandoffState, arrive_by: Minutes) -> Self {
        Self {
            search,
            goal,
            way,
            version: 1,
            asked: None,
            state,
            arrive_by,
            due: None,
            late: false,
            hold: None,
            course: Course::default(),
            set_out: None,
            arrived: false,
            failed: None,
            lost: false,
            named_by: None,
        }
    }

    /// Whose word is next: where a team comes, it is the team that travels.
    pub fn awaits(&self) -> Option<Party> {
        match (self.goal, self.state) {
            (Goal::Team(_), HandoffState::Accepted | HandoffState::EnRoute) => Some(Party::Receiver),
            (_, state) => awaits(state),
        }
    }

    /// Why the sender said that it failed: the receiver's reasons end no search of another agency.
    pub fn failed_for(&self, by: Party) -> Option<FailReason> {
        self.failed.filter(|_| by == Party::Sender && self.state == HandoffState::Failed)
    }
}

impl Model {
    pub fn owner(&self, goal: Goal) -> Agency {
        match goal {
            Goal::Unit(unit) => self.units[unit].owner,
            Goal::Team(team) => self.teams[team].owner,
        }
    }

    /// Whether a way leads there at all.
    pub fn leads(&self, way: Way, goal: Goal) -> bool {
        way.owner() == self.owner(goal) && way.is_to_teams() == matches!(goal, Goal::Team(_))
    }

    /// Whether somebody sees a handoff: its parties do, and nobody else.
    pub fn is_partys(&self, handoff: usize, by: Agency) -> bool {
        by == Agency::Basalt || by == self.owner(self.handoffs[handoff].goal)
    }

    /// The handoffs of a search, in the order in which they were made.
    pub fn of(&self, search: usize) -> impl Iterator<Item = usize> {
        (0..self.handoffs.len()).filter(move |handoff| self.handoffs[*handoff].search == search)
    }

    pub fn others_asked(&self, handoff: usize) -> Vec<usize> {
        let open = |other: &usize| *other != handoff && is_asked(self.handoffs[*other].state);
        self.of(self.handoffs[handoff].search).filter(open).collect()
    }

    /// What is open has a clock: the next of them.
    pub fn next_due(&self) -> Option<Minutes> {
        let handoffs =
            self.handoffs.iter().flat_map(|handoff| [handoff.due, handoff.transport_due(), handoff.named_by]);
        let handoffs = handoffs.flatten();
        let searches = self.searches.iter().filter_map(|search| search.due);
        let follow_ups = self.follow_ups.iter().filter_map(|follow_up| follow_up.due);
        handoffs.chain(searches).chain(follow_ups).chain(self.teams.iter().filter_map(Team::lost_at)).min()
    }

    /// What is true of every model: what is open has an owner and a clock or an end; and one place, one person.
    pub fn check(&self) {
        for handoff in &self.handoffs {
            assert_eq!(handoff.awaits().is_some(), handoff.due.is_some(), "{handoff:?}");
            handoff.check_transport();
        }
        for (number, search) in self.searches.iter().enumerate() {
            let settled = self.of(number).filter(|handoff| is_settlement(self.handoffs[*handoff].state));
            let settled: Vec<usize> = settled.collect();
            match search.state {
                EpisodeState::Seeking => assert!(search.due.is_some() && settled.is_empty(), "{search:?}"),
                EpisodeState::Settled | EpisodeState::Placed => {
                    assert_eq!((settled.as_slice(), search.due), (search.settled_by.as_slice(), None), "{search:?}");
                }
                EpisodeState::Closed => assert_eq!((search.due, settled.len()), (None, 0), "{search:?}"),
            }
        }
        for follow_up in &self.follow_ups {
            follow_up.check();
        }
        for team in 0..self.teams.len() {
            self.check_team(team);
        }
    }
}

impl Search {
    pub fn begun(now: Minutes, settlement: Settlement) -> Self {
        Self {
            version: 1,
            settlement,
            state: EpisodeState::Seeking,
            settled_by: None,
            end: None,
            opened: now,
            sought: now,
            waited_hours: 0,
            due: Some(now + 4 * 60),
        }
    }

    /// The wait is told after 4, 12 and 24 hours, and then once a day.
    fn mark(&self) -> i64 {
        match self.waited_hours {
            hours if hours < 4 => 4,
            hours if hours < 12 => 12,
            hours => (hours / 24 + 1) * 24,
        }
    }

    pub fn settle(&mut self, by: usize) {
        (self.state, self.settled_by, self.due) = (EpisodeState::Settled, Some(by), None);
        self.version += 1;
    }

    /// It goes on: from here the sender chooses, and marks that passed meanwhile are not told.
    pub fn reopen(&mut self, now: Minutes) {
        (self.state, self.settled_by, self.settlement) = (EpisodeState::Seeking, None, Settlement::SenderChooses);
        self.sought = now;
        while self.opened + self.mark() * 60 <= now {
            self.waited_hours = self.mark();
        }
        self.due = Some(self.opened + self.mark() * 60);
        self.version += 1;
    }

    pub fn close(&mut self, state: EpisodeState, why: Option<EpisodeEnd>) {
        (self.state, self.end, self.due) = (state, why, None);
        self.version += 1;
    }

    /// A mark is due: it is told, or the search is given up.
    pub fn tell(&mut self, now: Minutes, asked: bool) {
        self.waited_hours = self.mark();
        if now - self.sought >= WEEK_HOURS * 60 && !asked {
            return self.close(EpisodeState::Closed, Some(EpisodeEnd::Silence));
        }
        self.due = Some(self.opened + self.mark() * 60);
        self.version += 1;
    }
}

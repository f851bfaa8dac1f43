//! Teams in the model: what they say of themselves counts for a heartbeat, and each is promised to one person at a time.
use super::model::{Agency, Goal, Minutes, Model, Said};
use super::words::Word;
use crisis_hub::app::ProblemCode;
use crisis_hub::domain::handoff::HandoffState;
use crisis_hub::domain::team::{TeamShownAs, TeamStatus};

/// How long what a team says counts, in minutes.
const HEARTBEAT: Minutes = 15;
/// Words that come within a third of that are one.
const ONE_WORD: Minutes = HEARTBEAT / 3;
/// Furthest ahead that it expects to be free.
const FREE_IN_MOST: u32 = 600;

#[derive(Clone, Debug)]
pub struct Team {
    pub owner: Agency,
    pub version: i64,
    pub says: Option<Says>,
    /// It is told that its heartbeat was missed.
    pub lost: bool,
}

/// What it said last.
#[derive(Clone, Copy, Debug)]
pub struct Says {
    pub status: TeamStatus,
    pub since: Minutes,
    pub heard: Minutes,
    pub free_at: Option<Minutes>,
}

impl Team {
    pub fn new(owner: Agency) -> Self {
        Self { owner, version: 1, says: None, lost: false }
    }

    /// When a missed heartbeat is told: once, and never of who is off duty.
    pub fn lost_at(&self) -> Option<Minutes> {
        let says = self.says.filter(|says| says.status != TeamStatus::Out && !self.lost)?;
        Some(says.heard + HEARTBEAT)
    }

    pub fn shown(&self, now: Minutes) -> TeamShownAs {
        let Some(says) = self.says else { return TeamShownAs::Unknown };
        let heard = !self.lost && now - says.heard < HEARTBEAT;
        match says.status {
            TeamStatus::Out => TeamShownAs::Out,
            _ if !heard => TeamShownAs::Unknown,
            TeamStatus::Available => TeamShownAs::Available,
            TeamStatus::Assigned => TeamShownAs::Assigned,
            TeamStatus::EnRoute => TeamShownAs::EnRoute,
            TeamStatus::OnScene => TeamShownAs::OnScene,
        }
    }

    /// It says how it is, or the same again, which is its heartbeat. The end of its work is kept to the minute; what is said
    /// later is some microseconds later, too.
    fn say(&mut self, status: TeamStatus, free_at: Option<Minutes>, now: Minutes) {
        let known = self.says.filter(|says| says.status == status && self.shown(now) != TeamShownAs::Unknown);
        let next = match known {
            None => Says { status, since: now, heard: now, free_at },
            Some(says) => {
                let near = |known: Minutes, said: Minutes| (0..=1).contains(&(known - said));
                let same_end = free_at.is_none_or(|said| says.free_at.is_some_and(|known| near(known, said)));
                if same_end && (status == TeamStatus::Out || now - says.heard < ONE_WORD) {
                    return;
                }
                Says { heard: now, free_at: if same_end { says.free_at } else { free_at }, ..says }
            }
        };
        (self.says, self.lost) = (Some(next), false);
        self.version += 1;
    }

    fn miss(&mut self, now: Minutes) {
        if self.lost_at().is_some_and(|at| at <= now) {
            self.lost = true;
            self.version += 1;
        }
    }
}

impl Model {
    /// What a team's own agency says of it.
    pub fn team_says(&mut self, by: Agency, team: usize, status: TeamStatus, free_in: Option<u32>) -> Said {
        let (now, team) = (self.now, &mut self.teams[team]);
        if by == Agency::Cedar {
            return Said::NotFound;
        } else if by != team.owner {
            return Said::Forbidden;
        }
        let busy = matches!(status, TeamStatus::Assigned | TeamStatus::EnRoute | TeamStatus::OnScene);
        if free_in.is_some_and(|minutes| !busy || minutes > FREE_IN_MOST) {
            return Said::BadInput;
        }
        team.say(status, free_in.map(|minutes| now + i64::from(minutes)), now);
        Said::done()
    }

    /// The handoffs by which a team is on its way.
    fn promised(&self, team: usize) -> impl Iterator<Item = usize> {
        let on_the_way = move |handoff: &usize| {
            let of = &self.handoffs[*handoff];
            of.goal == Goal::Team(team) && matches!(of.state, HandoffState::Accepted | HandoffState::EnRoute)
        };
        (0..self.handoffs.len()).filter(on_the_way)
    }

    /// A team comes to one person at a time: not while it is promised, whatever it says, nor while it says that it is on its way.
    pub fn may_come(&self, team: usize, by: Agency) -> Option<Said> {
        let of = &self.teams[team];
        let away = matches!(of.shown(self.now), TeamShownAs::Assigned | TeamShownAs::EnRoute);
        let promised = self.promised(team).next().is_some();
        (promised || by == of.owner && away).then(|| Said::refused(ProblemCode::NoCapacity))
    }

    /// What a team's own agency said of a handoff, the team says of itself.
    pub fn team_heard(&mut self, handoff: usize, word: Word, by: Agency) {
        let of = &self.handoffs[handoff];
        let Goal::Team(team) = of.goal else { return };
        let status = match word {
            Word::Accept { .. } if of.state == HandoffState::Accepted => TeamStatus::Assigned,
            Word::Depart => TeamStatus::EnRoute,
            Word::Arrive => TeamStatus::OnScene,
            Word::Redirect | Word::Fail(_) => TeamStatus::Available,
            _ => return,
        };
        let elsewhere = self.promised(team).any(|other| other != handoff);
        let (now, team) = (self.now, &mut self.teams[team]);
        let silent = matches!(team.shown(now), TeamShownAs::Out | TeamShownAs::Unknown);
        // Who is off duty, or with somebody else, is not free.
        if by == team.owner && !(status == TeamStatus::Available && (elsewhere || silent)) {
            team.say(status, None, now);
        }
    }

    pub fn tell_teams(&mut self) {
        let now = self.now;
        self.teams.iter_mut().for_each(|team| team.miss(now));
    }

    /// One team, one person; and who says that it is at work is heard, or it is told that it is not.
    pub fn check_team(&self, team: usize) {
        let (of, promised) = (&self.teams[team], self.promised(team).count());
        assert!(promised <= 1, "promised {promised} times: {of:?}");
        let at_work = of.says.is_some_and(|says| says.status != TeamStatus::Out);
        assert_eq!(at_work && !of.lost, of.lost_at().is_some(), "{of:?}");
    }
}

//! The arithmetic of supervision, without time or threads: restart budgets and the systemic guard.

use crate::settings::{RestartPolicy, SystemicPolicy};
use std::collections::VecDeque;

/// What to do with a child that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Start it again after this many ms.
    RestartAfter(i64),
    /// It failed too often.
    Exhausted,
}

/// The failures of one child within the window.
#[derive(Clone, Default, Debug)]
pub struct Budget {
    failures: VecDeque<i64>,
}

impl Budget {
    /// Counts a failure at `now_ms` of a monotonic clock and judges it.
    pub fn failed(&mut self, now_ms: i64, policy: &RestartPolicy) -> Verdict {
        let since = now_ms.saturating_sub(policy.within_ms);
        while self.failures.front().is_some_and(|at| *at <= since) {
            self.failures.pop_front();
        }
        if self.failures.len() >= policy.at_most as usize {
            return Verdict::Exhausted;
        }
        // Below 2^30 of doubling, so that the shift cannot overflow.
        let doublings = self.failures.len().min(30) as u32;
        self.failures.push_back(now_ms);
        let wait = policy.backoff_min_ms.saturating_mul(1 << doublings);
        Verdict::RestartAfter(wait.min(policy.backoff_max_ms))
    }

    /// Whether it failed within the window before `now_ms`.
    pub fn is_suspect(&self, now_ms: i64, policy: &RestartPolicy) -> bool {
        self.failures.back().is_some_and(|at| *at > now_ms.saturating_sub(policy.within_ms))
    }
}

/// The quarantines of all children within the window.
#[derive(Clone, Default, Debug)]
pub struct Systemic {
    quarantines: VecDeque<i64>,
    told: bool,
}

impl Systemic {
    /// Counts a quarantine among `children`; answers how many there were in the window when that is
    /// systemic and has not been told since the window was last quiet.
    pub fn quarantined(
        &mut self,
        now_ms: i64,
        children: usize,
        policy: &SystemicPolicy,
    ) -> Option<u32> {
        let since = now_ms.saturating_sub(policy.within_ms);
        while self.quarantines.front().is_some_and(|at| *at <= since) {
            self.quarantines.pop_front();
        }
        if self.quarantines.is_empty() {
            self.told = false;
        }
        self.quarantines.push_back(now_ms);
        let count = u32::try_from(self.quarantines.len()).unwrap_or(u32::MAX);
        let share = u64::from(count) * 100 > u64::from(policy.percent_max) * children as u64;
        let systemic = count > policy.quarantines_max || (count >= policy.percent_from && share);
        if !systemic || self.told {
            return None;
        }
        self.told = true;
        Some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: RestartPolicy =
        RestartPolicy { at_most: 3, within_ms: 60_000, backoff_min_ms: 100, backoff_max_ms: 5_000 };

    #[test]
    fn waits_double_up_to_the_limit_and_the_budget_ends() {
        let policy = RestartPolicy { at_most: 8, ..POLICY };
        let mut budget = Budget::default();
        let waits: Vec<Verdict> = (0..9).map(|n| budget.failed(n, &policy)).collect();
        let expected = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000].map(Verdict::RestartAfter);
        assert_eq!(waits[..8], expected);
        assert_eq!(waits[8], Verdict::Exhausted);
    }

    #[test]
    fn what_lies_before_the_window_is_forgiven() {
        let mut budget = Budget::default();
        for at in [0, 10_000, 20_000] {
            assert_ne!(budget.failed(at, &POLICY), Verdict::Exhausted);
        }
        assert_eq!(budget.clone().failed(59_999, &POLICY), Verdict::Exhausted);
        assert_eq!(budget.failed(60_000, &POLICY), Verdict::RestartAfter(400));
        assert!(budget.is_suspect(119_999, &POLICY) && !budget.is_suspect(120_000, &POLICY));
    }

    #[test]
    fn a_policy_without_restarts_is_exhausted_at_once() {
        let policy = RestartPolicy { at_most: 0, ..POLICY };
        assert_eq!(Budget::default().failed(0, &policy), Verdict::Exhausted);
    }

    #[test]
    fn many_quarantines_are_systemic_once() {
        let policy = SystemicPolicy::default();
        let mut guard = Systemic::default();
        let told: Vec<Option<u32>> =
            (0..25).map(|n| guard.quarantined(n, 10_000, &policy)).collect();
        assert_eq!(told.iter().position(Option::is_some), Some(20));
        assert_eq!(told.iter().flatten().collect::<Vec<_>>(), [&21]);
        // Quiet for a window: a new wave is told again.
        assert!((0..21).any(|n| guard.quarantined(100_000 + n, 10_000, &policy).is_some()));
    }

    #[test]
    fn a_share_of_few_children_is_judged_only_from_a_number_on() {
        let policy = SystemicPolicy::default();
        let told = |children: usize| {
            let mut guard = Systemic::default();
            (1..=20).find(|n| guard.quarantined(*n, children, &policy).is_some())
        };
        assert_eq!(told(2), Some(3));
        assert_eq!(told(200), Some(11));
        assert_eq!(told(10_000), None);
    }

    proptest! {
        #[test]
        fn never_more_restarts_in_any_window_than_allowed(
            gaps in prop::collection::vec(0_i64..40_000, 0..60),
            at_most in 0_u32..6,
        ) {
            let policy = RestartPolicy { at_most, ..POLICY };
            let (mut budget, mut now, mut restarts) = (Budget::default(), 0, Vec::new());
            for gap in gaps {
                now += gap;
                match budget.failed(now, &policy) {
                    Verdict::RestartAfter(wait) => {
                        prop_assert!((100..=5_000).contains(&wait));
                        restarts.push(now);
                    }
                    Verdict::Exhausted => {
                        // Never too strict either.
                        let recent = restarts.iter().filter(|at| **at > now - 60_000).count();
                        prop_assert_eq!(recent, at_most as usize);
                    }
                }
                let recent = restarts.iter().filter(|at| **at > now - 60_000).count();
                prop_assert!(recent <= at_most as usize);
            }
        }
    }
}

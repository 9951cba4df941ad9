//! Buckets summed in memory, side by side with the ids they are about.

use super::{Bucket, Sums, Totals};

/// Sums of many buckets, addressed by id: adding costs no search and no memory of its own.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    totals: Totals,
    facets: Vec<Sums>,
    facet_ids: Vec<u32>,
    users: Vec<i128>,
    user_ids: Vec<u32>,
}

impl Gathered {
    pub(super) fn add(&mut self, bucket: &Bucket) {
        self.totals.merge(&bucket.totals);
        for (id, sums) in &bucket.facets {
            let own = slot(&mut self.facets, *id);
            if own.is_zero() {
                self.facet_ids.push(*id);
            }
            own.merge(sums, 1);
        }
        for (id, count) in &bucket.users {
            let own = slot(&mut self.users, *id);
            if *own == 0 {
                self.user_ids.push(*id);
            }
            *own += count;
        }
    }

    /// The sum as one bucket; nothing is gathered afterwards.
    pub(super) fn take(&mut self) -> Bucket {
        // An id is noted again when its sum has passed through zero.
        let ordered = |ids: &mut Vec<u32>| {
            let mut ids = std::mem::take(ids);
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let facets = ordered(&mut self.facet_ids)
            .into_iter()
            .map(|id| (id, std::mem::take(&mut self.facets[id as usize])))
            .collect();
        let users = ordered(&mut self.user_ids)
            .into_iter()
            .map(|id| (id, std::mem::take(&mut self.users[id as usize])))
            .collect();
        let mut bucket = Bucket { totals: std::mem::take(&mut self.totals), facets, users };
        bucket.prune();
        bucket
    }
}

fn slot<T: Clone + Default>(values: &mut Vec<T>, id: u32) -> &mut T {
    let index = id as usize;
    if values.len() <= index {
        values.resize(index + 1, T::default());
    }
    &mut values[index]
}

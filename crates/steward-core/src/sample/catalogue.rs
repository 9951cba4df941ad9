//! What Corvid Press sells and what it is built on.

/// A plan of the `credits` preset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plan {
    /// 1,000 credits a month for nothing.
    Free,
    /// USD 29.
    Starter,
    /// USD 99.
    Pro,
    /// USD 499.
    Enterprise,
}

impl Plan {
    /// Every plan, cheapest first.
    pub const ALL: [Self; 4] = [Self::Free, Self::Starter, Self::Pro, Self::Enterprise];

    /// Its code in `plans`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Starter => "starter",
            Self::Pro => "pro",
            Self::Enterprise => "enterprise",
        }
    }

    /// Price of a month and of a year in minor units of a currency.
    pub(crate) fn price(self, currency: &str) -> (i64, i64) {
        let month = match (self, currency) {
            (Self::Free, _) => 0,
            (Self::Starter, "GBP") => 2_500,
            (Self::Starter, "INR") => 199_000,
            (Self::Starter, "JPY") => 4_400,
            (Self::Starter, "NPR") => 299_000,
            (Self::Starter, _) => 2_900,
            (Self::Pro, "GBP") => 8_500,
            (Self::Pro, "INR") => 699_000,
            (Self::Pro, "JPY") => 14_800,
            (Self::Pro, "NPR") => 999_000,
            (Self::Pro, _) => 9_900,
            (Self::Enterprise, "GBP") => 42_900,
            (Self::Enterprise, "INR") => 3_499_000,
            (Self::Enterprise, "JPY") => 74_800,
            (Self::Enterprise, "NPR") => 4_999_000,
            (Self::Enterprise, _) => 49_900,
        };
        (month, month * 10)
    }

    /// Whether it can be bought by the year; Enterprise is billed by the month.
    pub(crate) fn has_yearly_price(self) -> bool {
        self != Self::Enterprise
    }

    /// How much more a user on this plan does than one on the free plan.
    pub(crate) fn appetite(self) -> f32 {
        match self {
            Self::Free => 1.0,
            Self::Starter => 3.0,
            Self::Pro => 6.5,
            Self::Enterprise => 11.0,
        }
    }
}

/// What a plan allows in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanLimit {
    /// The plan.
    pub plan: Plan,
    /// What is counted.
    pub metric: Metric,
    /// How much of it; none is unlimited.
    pub value: Option<i64>,
    /// Whether the product stops there.
    pub is_hard: bool,
}

/// The company's own limits, beside what the preset brings.
pub static LIMITS: [PlanLimit; 12] = [
    limit(Plan::Free, Metric::Prompts, Some(150), true),
    limit(Plan::Free, Metric::Images, Some(10), true),
    limit(Plan::Free, Metric::Exports, Some(20), true),
    limit(Plan::Starter, Metric::Prompts, Some(1_500), true),
    limit(Plan::Starter, Metric::Images, Some(100), true),
    limit(Plan::Starter, Metric::Exports, Some(250), false),
    limit(Plan::Pro, Metric::Prompts, Some(8_000), false),
    limit(Plan::Pro, Metric::Images, Some(600), false),
    limit(Plan::Pro, Metric::Exports, None, false),
    limit(Plan::Enterprise, Metric::Prompts, None, false),
    limit(Plan::Enterprise, Metric::Images, None, false),
    limit(Plan::Enterprise, Metric::Exports, None, false),
];

const fn limit(plan: Plan, metric: Metric, value: Option<i64>, is_hard: bool) -> PlanLimit {
    PlanLimit { plan, metric, value, is_hard }
}

/// What an event costs and how long it takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// Who runs it.
    pub provider: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Nano-units of the currency per input, cached and output token; none where no price is known.
    pub token_price: Option<[i64; 3]>,
    /// Nano-units per generated image.
    pub image_price: i64,
    /// Median of the latency in milliseconds, and its spread (sigma of the logarithm, in percent).
    pub latency: (u32, u32),
    /// Percent of answers that think before they speak.
    pub reasoning_percent: u32,
}

/// The models the company calls.
pub static MODELS: [Model; 6] = [
    model("lumen", "lumen-large", Some([3_000, 300, 15_000]), (2_400, 55), 0),
    model("lumen", "lumen-small", Some([250, 25, 1_250]), (620, 45), 0),
    model("tern", "tern-reason-2", Some([1_100, 275, 4_400]), (6_800, 70), 85),
    model("tern", "tern-mini", Some([150, 75, 600]), (480, 40), 0),
    // The company forgot to enter its price: events of it have no cost.
    model("atlas", "atlas-2-mini", None, (710, 50), 12),
    Model {
        provider: "atlas",
        name: "atlas-image-1",
        token_price: Some([5_000, 1_250, 0]),
        image_price: 40_000_000,
        latency: (9_200, 35),
        reasoning_percent: 0,
    },
];

const fn model(
    provider: &'static str,
    name: &'static str,
    token_price: Option<[i64; 3]>,
    latency: (u32, u32),
    reasoning_percent: u32,
) -> Model {
    Model { provider, name, token_price, image_price: 0, latency, reasoning_percent }
}

/// Something people do in the product.
#[derive(Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name.
    pub name: &'static str,
    /// The event type it produces.
    pub event_type: &'static str,
    /// The endpoint it calls.
    pub endpoint: &'static str,
    /// Models it may call, with weights; none for features without a model.
    pub models: &'static [(u8, u32)],
    /// Mean input and output tokens.
    pub tokens: (u32, u32),
    /// Credits of one use.
    pub credits: i64,
    /// Mean size of the answer in bytes.
    pub bytes: u32,
    /// Median latency in milliseconds where no model is called.
    pub latency_ms: u32,
    /// The metric counted in `usage_counters`.
    pub metric: Metric,
    /// Weight among all uses.
    pub weight: u32,
}

/// A counted metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Calls of an AI model.
    Prompts,
    /// Generated images.
    Images,
    /// Exported files.
    Exports,
    /// Calls of the public interface.
    ApiCalls,
    /// Credits spent by all of them.
    Credits,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 5] = [Self::Prompts, Self::Images, Self::Exports, Self::ApiCalls, Self::Credits];

    /// Its name in `usage_counters`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prompts => "prompts",
            Self::Images => "images",
            Self::Exports => "exports",
            Self::ApiCalls => "api_calls",
            Self::Credits => "credits",
        }
    }
}

/// What people use.
pub static FEATURES: [Feature; 8] = [
    Feature {
        name: "draft",
        event_type: "prompt",
        endpoint: "/v1/drafts",
        models: &[(0, 46), (1, 22), (2, 14), (4, 18)],
        tokens: (1_850, 920),
        credits: 8,
        bytes: 5_200,
        latency_ms: 0,
        metric: Metric::Prompts,
        weight: 30,
    },
    Feature {
        name: "rewrite",
        event_type: "prompt",
        endpoint: "/v1/rewrites",
        models: &[(1, 60), (3, 25), (4, 15)],
        tokens: (1_100, 780),
        credits: 4,
        bytes: 4_100,
        latency_ms: 0,
        metric: Metric::Prompts,
        weight: 22,
    },
    Feature {
        name: "proofread",
        event_type: "prompt",
        endpoint: "/v1/proofs",
        models: &[(3, 82), (1, 18)],
        tokens: (2_400, 240),
        credits: 2,
        bytes: 2_600,
        latency_ms: 0,
        metric: Metric::Prompts,
        weight: 17,
    },
    Feature {
        name: "translate",
        event_type: "prompt",
        endpoint: "/v1/translations",
        models: &[(0, 35), (1, 50), (3, 15)],
        tokens: (1_600, 1_750),
        credits: 6,
        bytes: 7_800,
        latency_ms: 0,
        metric: Metric::Prompts,
        weight: 9,
    },
    Feature {
        name: "cover_art",
        event_type: "image",
        endpoint: "/v1/covers",
        models: &[(5, 1)],
        tokens: (140, 0),
        credits: 20,
        bytes: 1_240_000,
        latency_ms: 0,
        metric: Metric::Images,
        weight: 4,
    },
    Feature {
        name: "export",
        event_type: "export",
        endpoint: "/v1/exports",
        models: &[],
        tokens: (0, 0),
        credits: 1,
        bytes: 2_900_000,
        latency_ms: 1_450,
        metric: Metric::Exports,
        weight: 6,
    },
    Feature {
        name: "search",
        event_type: "api_call",
        endpoint: "/v1/search",
        models: &[],
        tokens: (0, 0),
        credits: 0,
        bytes: 18_000,
        latency_ms: 85,
        metric: Metric::ApiCalls,
        weight: 8,
    },
    Feature {
        name: "catalogue_api",
        event_type: "api_call",
        endpoint: "/v1/titles",
        models: &[],
        tokens: (0, 0),
        credits: 0,
        bytes: 9_400,
        latency_ms: 38,
        metric: Metric::ApiCalls,
        weight: 4,
    },
];

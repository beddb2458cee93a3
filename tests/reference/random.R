# What R says of many small random cohorts: random.json (made by test_random.py) goes in, answers.json comes out.
# Where R refuses, an answer is null.
library(survival)
library(maxstat)
library(jsonlite)

tight <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 100)
quietly <- function(expr) tryCatch(suppressWarnings(expr), error = function(e) NULL)

km <- function(d, type, level, truncated) {
  s <- if (truncated) Surv(d$entry, d$time, d$event) else Surv(d$time, d$event)
  fit <- survfit(s ~ 1, conf.type = type, conf.int = level)
  keep <- fit$n.event + fit$n.censor > 0
  table <- summary(fit)$table # print()'s median; where a curve ends at 0.5, quantile() has another
  list(time = fit$time[keep], survival = fit$surv[keep], low = fit$lower[keep], high = fit$upper[keep],
       at_risk = fit$n.risk[keep], median = unname(table[7:9]))
}

cox <- function(formula, d) {
  fit <- tryCatch(coxph(formula, d, ties = "efron", control = tight), warning = function(w) NULL)
  if (is.null(fit) || any(is.na(coef(fit)))) return(NULL)
  zph <- quietly(cox.zph(fit, transform = "km", terms = FALSE)$table)
  list(coefficients = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))), loglik = fit$loglik, score = unname(fit$score),
       zph = if (is.null(zph)) NULL else unname(zph[, "chisq"]))
}

answer <- function(one) {
  d <- as.data.frame(one[c("time", "event", "risk", "group", "stratum", "entry", "cause")])
  p <- function(method, ...) {
    quietly(maxstat.test(Surv(time, event) ~ risk, data = d, smethod = "LogRank", pmethod = method,
                         minprop = one$minprop, maxprop = one$maxprop, ...))
  }
  cut <- p("none")
  out <- list()
  if (!is.null(cut)) {
    gauss <- p("exactGauss")
    out$maxstat <- list(statistic = unname(cut$statistic), cutpoint = unname(cut$estimate),
                        sizes = cut$cuts, standardised = cut$stats, lau92 = p("Lau92")$p.value,
                        lau94 = p("Lau94")$p.value, hl = p("HL")$p.value, gauss = as.numeric(gauss$p.value))
  }
  for (type in c("log-log", "log", "plain")) out$km[[type]] <- quietly(km(d, type, one$level, FALSE))
  out$km_entry <- quietly(km(d, "log-log", one$level, TRUE))
  means <- quietly(summary(survfit(Surv(time, event) ~ 1, data = d), rmean = one$horizon)$table)
  out$rmst <- unname(means[c("rmean", "se(rmean)")])
  out$logrank <- quietly(survdiff(Surv(time, event) ~ group, data = d)[c("chisq", "obs", "exp")])
  out$stratified <- quietly(survdiff(Surv(time, event) ~ group + strata(stratum), data = d)$chisq)
  out$cox <- quietly(cox(Surv(time, event) ~ risk, d))
  out$cox_two <- quietly(cox(Surv(time, event) ~ risk + group, d))
  out$cox_strata <- quietly(cox(Surv(entry, time, event) ~ risk + strata(stratum), d))
  c <- quietly(concordance(Surv(time, event) ~ risk, d, reverse = TRUE))
  if (!is.null(c)) out$c <- list(value = unname(c$concordance), se = unname(sqrt(c$var)), count = unname(c$count))
  uno <- quietly(concordance(Surv(time, event) ~ risk, d, reverse = TRUE, timewt = "n/G2", ymax = one$horizon))
  if (!is.null(uno)) out$uno <- unname(uno$concordance)
  out$incidence <- quietly({
    fit <- survfit(Surv(time, factor(cause, 0:2)) ~ 1, data = d)
    list(time = fit$time, incidence = t(fit$pstate[, 2:3, drop = FALSE]))
  })
  out
}

cohorts <- fromJSON("random.json", simplifyDataFrame = FALSE)
set.seed(1)
writeLines(toJSON(lapply(cohorts, answer), digits = I(17), auto_unbox = TRUE, null = "null", na = "null"), "answers.json")

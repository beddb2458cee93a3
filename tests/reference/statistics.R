# Reference values for what small.R leaves out: stratified, trend and left-truncated tests, Cox models with several
# covariates, time-dependent AUC, Brier score, calibration, net benefit, competing risks.
# Data: survival::lung (Loprinzi et al. 1994), 227 patients with a performance status; survival::mgus2 (Kyle et al. 2002),
# the first 300. Entry times are made, so that left truncation has something to do.
# Run in this folder: Rscript statistics.R    It writes statistics.json.

library(survival)
suppressMessages(library(riskRegression))
suppressMessages(library(prodlim))
suppressMessages(library(Hmisc))

write_json <- function(x) {
  if (is.list(x)) {
    return(paste0("{", paste0('"', names(x), '": ', vapply(x, write_json, ""), collapse = ", "), "}"))
  }
  if (is.character(x)) return(paste0('"', x, '"', collapse = ", "))
  if (is.matrix(x)) return(paste0("[", paste(apply(x, 1, function(row) write_json(I(row))), collapse = ", "), "]"))
  written <- trimws(formatC(as.numeric(x), digits = 17, format = "g"))
  written[is.na(x)] <- "null"
  if (length(x) == 1 && !inherits(x, "AsIs")) written else paste0("[", paste(written, collapse = ", "), "]")
}

d <- lung[!is.na(lung$ph.ecog), ]
d <- data.frame(time = d$time, event = as.numeric(d$status == 2), age = d$age, female = as.numeric(d$sex == 2),
                ecog = d$ph.ecog)
d$entry <- floor(d$time * ((seq_len(nrow(d)) * 7) %% 10) / 20)
tight <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 100)
out <- list()
out$made_by <- list(R = as.character(getRversion()), survival = as.character(packageVersion("survival")),
                    riskRegression = as.character(packageVersion("riskRegression")),
                    prodlim = as.character(packageVersion("prodlim")), Hmisc = as.character(packageVersion("Hmisc")),
                    script = "statistics.R")
out$data <- as.list(d)

# Kaplan-Meier with left truncation
fit <- survfit(Surv(entry, time, event) ~ 1, data = d, conf.type = "log-log")
out$km_entry <- list(time = fit$time[fit$n.event + fit$n.censor > 0], survival = fit$surv[fit$n.event + fit$n.censor > 0],
                     low = fit$lower[fit$n.event + fit$n.censor > 0], high = fit$upper[fit$n.event + fit$n.censor > 0],
                     at_risk = fit$n.risk[fit$n.event + fit$n.censor > 0])

# Logrank tests. survdiff takes no entry times: there the score test of the exact conditional likelihood is the same.
groups <- survdiff(Surv(time, event) ~ ecog, data = d)
out$logrank <- list(statistic = groups$chisq, observed = groups$obs, expected = groups$exp, variance = groups$var)
weights <- 0:3
gap <- sum(weights * (groups$obs - groups$exp))
out$trend <- gap^2 / drop(t(weights) %*% groups$var %*% weights)
out$stratified <- survdiff(Surv(time, event) ~ female + strata(ecog), data = d)$chisq
out$logrank_entry <- unname(coxph(Surv(entry, time, event) ~ female, data = d, ties = "exact")$score)
pairs <- combn(0:2, 2)
p <- apply(pairs, 2, function(two) {
  pchisq(survdiff(Surv(time, event) ~ ecog, data = d, subset = ecog %in% two)$chisq, 1, lower.tail = FALSE)
})
out$pairwise <- list(p_value = p, p_holm = p.adjust(p, "holm"))

# Restricted mean to 500 days, by sex
means <- summary(survfit(Surv(time, event) ~ female, data = d), rmean = 500)$table
out$rmst <- list(mean = unname(means[, "rmean"]), std_err = unname(means[, "se(rmean)"]))

# Cox models
describe <- function(model) {
  zph <- cox.zph(model, transform = "km", terms = TRUE, global = TRUE)
  list(coefficients = unname(coef(model)), std_err = unname(sqrt(diag(vcov(model)))), log_likelihood = model$loglik[2],
       log_likelihood_null = model$loglik[1], score = unname(model$score),
       zph_chisq = unname(zph$table[, "chisq"]), zph_p = unname(zph$table[, "p"]))
}
three <- d[d$ecog < 3, ] # one patient has 3
full <- coxph(Surv(time, event) ~ age + female + factor(ecog), data = three, ties = "efron", control = tight)
out$cox <- describe(full)
out$cox_entry <- describe(coxph(Surv(entry, time, event) ~ age + female + strata(ecog), data = d, ties = "efron",
                                control = tight))

# Predictions of a model, and how good they are
model <- coxph(Surv(time, event) ~ age + female + ecog, data = d, ties = "efron", control = tight, x = TRUE)
times <- c(180, 365, 540)
survival <- t(summary(survfit(model, newdata = d), times = times)$surv)
risk <- 1 - survival
out$predictions <- list(times = times, survival = survival, linear = unname(model$linear.predictors))
scored <- Score(list(m = risk), formula = Surv(time, event) ~ 1, data = d, times = times, metrics = c("auc", "brier"),
                cens.model = "km", conf.int = FALSE, contrasts = FALSE)
out$auc <- scored$AUC$score$AUC
brier <- as.data.frame(scored$Brier$score)
out$brier <- list(null = brier$Brier[brier$model == "Null model"], model = brier$Brier[brier$model == "m"])

# Calibration at 365 days: tenths, slope, and Austin's smooth curve
horizon <- 365
at <- risk[, 2]
edges <- unique(quantile(at, (1:9) / 10, type = 7))
tenth <- findInterval(at, edges, left.open = TRUE)
seen <- lapply(split(d, tenth), function(part) {
  s <- summary(survfit(Surv(time, event) ~ 1, data = part, conf.type = "log-log"), times = horizon, extend = FALSE)
  c(1 - s$surv, 1 - s$upper, 1 - s$lower)
})
out$calibration <- list(predicted = unname(tapply(at, tenth, mean)), observed = do.call(rbind, unname(seen)))
cut <- transform(d, event = event * (time <= horizon), time = pmin(time, horizon), x = log(-log(1 - at)))
out$calibration$slope <- unname(coef(coxph(Surv(time, event) ~ x, data = cut, control = tight)))
x <- log(-log(1 - at))
basis <- rcspline.eval(x, knots = quantile(x, c(0.1, 0.5, 0.9)), inclx = TRUE)
bent <- data.frame(time = d$time, event = d$event, a = basis[, 1], b = basis[, 2])
smooth <- coxph(Surv(time, event) ~ a + b, data = bent, control = tight)
observed <- 1 - drop(summary(survfit(smooth, newdata = bent), times = horizon)$surv)
gaps <- abs(observed - at)
out$smooth <- list(observed = observed, ici = mean(gaps), e50 = median(gaps), e90 = unname(quantile(gaps, 0.9)))

# Net benefit at 365 days
thresholds <- c(0.3, 0.5, 0.6, 0.7)
alive <- function(part) summary(survfit(Surv(time, event) ~ 1, data = part), times = horizon)$surv
out$decision <- list(
  thresholds = thresholds,
  model = vapply(thresholds, function(w) {
    chosen <- at >= w
    s <- alive(d[chosen, ])
    mean(chosen) * (1 - s) - mean(chosen) * s * w / (1 - w)
  }, 0),
  everybody = vapply(thresholds, function(w) (1 - alive(d)) - alive(d) * w / (1 - w), 0))

# Competing risks: progression to a plasma cell malignancy (1) or death without it (2)
m <- mgus2[1:300, ]
m <- data.frame(time = ifelse(m$pstat == 1, m$ptime, m$futime), cause = ifelse(m$pstat == 1, 1, 2 * m$death))
fit <- survfit(Surv(time, factor(cause)) ~ 1, data = m)
product <- prodlim(Hist(time, cause) ~ 1, data = m)
out$competing <- list(time = m$time, cause = m$cause, at = fit$time, incidence = t(fit$pstate[, 2:3]),
                      jackknife = t(fit$std.err[, 2:3]),
                      std_err = rbind(product$se.cuminc[["1"]], product$se.cuminc[["2"]]))
writeLines(write_json(out), "statistics.json")

{{/* The name of everything of this release. A Service's name has at most 63 characters. */}}
{{- define "engine.name" -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* What selects this release's pods. It never changes, or an upgrade would be refused. */}}
{{- define "engine.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ include "engine.name" . }}
{{- end }}

{{- define "engine.labels" -}}
{{ include "engine.selector" . }}
app.kubernetes.io/version: {{ .Values.release | quote }}
app.kubernetes.io/component: scoring
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* What runs, in words that `kubectl describe` shows. */}}
{{- define "engine.annotations" -}}
signalbox/release: {{ .Values.release | quote }}
signalbox/model: {{ printf "%s:%s" .Values.model.name .Values.model.version | quote }}
signalbox/model-digest: {{ .Values.model.digest | quote }}
{{- end }}

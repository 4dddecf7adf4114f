{{- define "karla.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Called with (dict "root" $ "component" "api"). */}}
{{- define "karla.selector" -}}
app.kubernetes.io/name: karla
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "karla.labels" -}}
{{ include "karla.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | quote }}
{{- end -}}

{{- define "karla.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{- define "karla.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "karla.name" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "karla.secret" -}}
{{- .Values.existingSecret | default (include "karla.name" .) -}}
{{- end -}}

{{- define "karla.secretData" -}}
KARLA_DATABASE_URL: {{ required "Give database.url, or existingSecret." .Values.database.url | quote }}
KARLA_SECRET_KEY: {{ required "Give secretKey (openssl rand -hex 32), or existingSecret." .Values.secretKey | quote }}
{{- with .Values.previousSecretKeys }}
KARLA_PREVIOUS_SECRET_KEYS: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "karla.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "karla.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

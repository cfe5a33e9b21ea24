// Starts the worker's app.
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import { i18n } from './state/app'
import './style/tokens.css'
import './style/base.css'

createApp(App).use(i18n).use(router).mount('#app')
